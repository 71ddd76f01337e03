/** The panels of the dashboard as a picture: each expression is evaluated by Prometheus on metrics that were received. */
import { dashboardOf } from "../../scripts/dashboards/dashboard.ts";
import type { OtlpPoint } from "./otlp-receiver.ts";
import { type PromSeries, prometheusOf } from "./prometheus.ts";

interface Drawn {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly { readonly legend: string; readonly points: PromSeries["points"] }[];
}

const STEP_MS = 500;
/** The range of a rate: a few values of half a second. */
const RATE = "3s";

export async function drawDashboard(points: readonly OtlpPoint[]): Promise<string> {
  await using prometheus = await prometheusOf(points, 1_500);
  const times = points.map(({ atMs }) => atMs);
  const [fromMs, toMs] = [Math.min(...times), Math.max(...times)];
  const { panels } = dashboardOf("collector") as any;
  const drawn: Drawn[] = [];
  for (const { title, fieldConfig, targets } of panels) {
    const lines: Drawn["lines"][number][] = [];
    for (const { expr, legendFormat } of targets) {
      const asked = expr.replaceAll("$__rate_interval", RATE).replaceAll(/\$(?:channel|group)/g, ".*");
      for (const { labels, points: its } of await prometheus.query(asked, fromMs, toMs, STEP_MS))
        lines.push({
          legend: legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_: string, label: string) => labels[label] ?? ""),
          points: its.filter(([, value]) => Number.isFinite(value)).map(([at, value]) => [at - fromMs, value] as const),
        });
    }
    drawn.push({ title, unit: fieldConfig.defaults.unit, lines });
  }
  return pictureOf(drawn, toMs - fromMs);
}

const COLUMNS = 2;
const WIDE = 380;
const PLOT = 110;
const LEFT = 44;
const RIGHT = 12;
const TOP = 26;
const ROW = 13;
const COLOURS = ["#1f6feb", "#d1601f", "#2a9d4e", "#8250df", "#bf3989", "#888"];

function pictureOf(panels: readonly Drawn[], lastMs: number): string {
  // Panels of a row are as high as the one with the longest legend.
  const rows = Array.from({ length: Math.ceil(panels.length / COLUMNS) }, (_, row) =>
    panels.slice(row * COLUMNS, (row + 1) * COLUMNS),
  );
  const heights = rows.map((row) => TOP + PLOT + 20 + ROW * Math.max(1, ...row.map(({ lines }) => lines.length)) + 14);
  const high = heights.reduce((sum, height) => sum + height, 0);
  const parts = rows.flatMap((row, at) => {
    const y = heights.slice(0, at).reduce((sum, height) => sum + height, 0);
    return row.map(
      (panel, column) => `<g transform="translate(${column * WIDE},${y})">\n${panelOf(panel, lastMs).join("\n")}\n</g>`,
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${COLUMNS * WIDE} ${high}" font-family="sans-serif" font-size="10" fill="#666" role="img" aria-label="The panels of the dashboard">
<rect width="${COLUMNS * WIDE}" height="${high}" fill="#fff"/>
${parts.join("\n")}
</svg>
`;
}

function panelOf({ title, unit, lines }: Drawn, lastMs: number): string[] {
  const most = roundUp(Math.max(0, ...lines.flatMap(({ points }) => points.map(([, value]) => value))));
  const x = (ms: number) => (LEFT + (ms / lastMs) * (WIDE - LEFT - RIGHT)).toFixed(1);
  const y = (value: number) => (TOP + PLOT - (value / most) * PLOT).toFixed(1);
  const text = (value: number) =>
    unit === "s" ? (value < 1 ? `${+(value * 1_000).toPrecision(3)} ms` : `${value} s`) : `${+value.toPrecision(3)}`;
  const seconds = Array.from({ length: Math.floor(lastMs / 5_000) + 1 }, (_, i) => i * 5);
  return [
    `<text x="${LEFT}" y="14" font-size="12" fill="#222">${title}</text>`,
    ...[0, 0.5, 1].map(
      (share) =>
        `<line x1="${LEFT}" x2="${WIDE - RIGHT}" y1="${y(share * most)}" y2="${y(share * most)}" stroke="#eee"/><text x="${LEFT - 4}" y="${Number(y(share * most)) + 3}" text-anchor="end">${text(share * most)}</text>`,
    ),
    ...seconds.map(
      (second) => `<text x="${x(second * 1_000)}" y="${TOP + PLOT + 12}" text-anchor="middle">${second} s</text>`,
    ),
    ...lines.flatMap(({ points }, at) =>
      stretchesOf(points).map((stretch) => {
        const path = stretch.map(([ms, value]) => `${x(ms)},${y(value)}`).join(" ");
        return `<polyline points="${path}" fill="none" stroke="${COLOURS[at % COLOURS.length]}" stroke-width="1.5"/>`;
      }),
    ),
    ...(lines.length === 0 ? ["no data"] : lines.map(({ legend }) => legend)).map(
      (legend, at) =>
        `<text x="${LEFT}" y="${TOP + PLOT + 26 + at * ROW}" fill="${lines.length === 0 ? "#999" : COLOURS[at % COLOURS.length]}">${legend}</text>`,
    ),
  ];
}

/** Points one after another. Where a value is missing, it was not known, and nothing is drawn. */
function stretchesOf(points: PromSeries["points"]): PromSeries["points"][] {
  const starts = points.flatMap(([ms], i) => (i === 0 || ms - points[i - 1]![0] > STEP_MS ? [i] : []));
  return starts.map((start, i) => points.slice(start, starts[i + 1]));
}

/** The next round number. */
function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((each) => each * power).find((each) => each >= value)!;
}
