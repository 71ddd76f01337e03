/** The spans of one story as a picture: one row for each, in the order in which they began. */
import type { OtlpSpan } from "./otlp-receiver.ts";

const WIDE = 760;
const ROW = 22;
const LEFT = 330;
const RIGHT = 16;
const COLOURS: Readonly<Record<string, string>> = { publish: "#1f6feb", consume: "#d1601f" };

/** `story`: the spans of a message, those of its trace and those that are linked to its creation. */
export function traceOf(story: readonly OtlpSpan[]): string {
  const spans = [...story].sort((one, other) => one.startMs - other.startMs);
  const began = spans[0]!.startMs;
  const lastMs = Math.max(...spans.map(({ endMs }) => endMs)) - began;
  const high = 40 + spans.length * ROW + 24;
  const traces = [...new Set(spans.map(({ traceId }) => traceId))];
  const x = (ms: number) => LEFT + (ms / lastMs) * (WIDE - LEFT - RIGHT);
  const depthOf = (span: OtlpSpan): number => {
    const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
    return parent === undefined ? 0 : depthOf(parent) + 1;
  };
  const rows = spans.map((span, at) => {
    const y = 40 + at * ROW;
    const from = x(span.startMs - began);
    const width = Math.max(2, x(span.endMs - began) - from);
    const { attributes } = span;
    const { "switchyard.attempt": attempt, "switchyard.outcome": outcome } = attributes;
    const notes = [
      typeof attempt === "number" ? `attempt ${attempt}` : "",
      typeof outcome === "string" ? outcome : "",
      attributes["switchyard.dead_letter"] === true ? "dead letter" : "",
    ].filter((note) => note !== "");
    const text = `${span.name}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}`;
    const stroke = span.status === 2 ? ' stroke="#c00" stroke-width="1.5"' : "";
    return `<text x="${28 + depthOf(span) * 14}" y="${y + 12}">${text}</text><text x="8" y="${y + 12}" fill="#999">${traces.indexOf(span.traceId) + 1}</text><rect x="${from.toFixed(1)}" y="${y + 2}" width="${width.toFixed(1)}" height="12" fill="${COLOURS[span.from] ?? "#888"}"${stroke}/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDE} ${high}" font-family="sans-serif" font-size="11" fill="#444" role="img" aria-label="The spans of one message">
<rect width="${WIDE}" height="${high}" fill="#fff"/>
<text x="8" y="22" fill="#999">trace</text><text x="${LEFT}" y="22" fill="${COLOURS["publish"]}">publisher's process</text><text x="${LEFT + 120}" y="22" fill="${COLOURS["consume"]}">consumer's process</text><text x="${LEFT + 240}" y="22" fill="#c00">red border: in error</text>
${rows.join("\n")}
<text x="${LEFT}" y="${high - 8}" fill="#999">0 ms</text><text x="${WIDE - RIGHT}" y="${high - 8}" text-anchor="end" fill="#999">${Math.round(lastMs)} ms</text>
</svg>
`;
}
