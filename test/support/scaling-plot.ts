/** The closed loop of scaling as a picture. */
export interface LoopRun {
  readonly idealMs: number;
  readonly goneMs: number;
  readonly seen: readonly { readonly ms: number; readonly backlog: number; readonly encoders: number }[];
}

const WIDE = 720;
const HIGH = 260;
const LEFT = 48;
const RIGHT = 40;
const TOP = 24;
const BOTTOM = 36;

export function plotOf({ seen, idealMs, goneMs }: LoopRun): string {
  const lastMs = Math.ceil(seen.at(-1)!.ms / 5_000) * 5_000;
  const most = Math.ceil(Math.max(...seen.map(({ backlog }) => backlog)) / 250) * 250;
  const replicas = Math.max(...seen.map(({ encoders }) => encoders)) + 1;
  const x = (ms: number) => Math.round(LEFT + (ms / lastMs) * (WIDE - LEFT - RIGHT));
  const y = (share: number) => Math.round(HIGH - BOTTOM - share * (HIGH - TOP - BOTTOM));
  const line = (points: readonly (readonly [number, number])[]) => points.map((point) => point.join(",")).join(" ");
  const backlog = seen.map((one) => [x(one.ms), y(one.backlog / most)] as const);
  // Replicas come and go in steps.
  const steps = seen.flatMap((one, i) => {
    const height = y(one.encoders / replicas);
    return i === 0
      ? [[x(one.ms), height] as const]
      : [[x(one.ms), y(seen[i - 1]!.encoders / replicas)] as const, [x(one.ms), height] as const];
  });
  const mark = (ms: number, text: string, up: number) =>
    `<line x1="${x(ms)}" x2="${x(ms)}" y1="${TOP}" y2="${y(0)}" stroke="#999" stroke-dasharray="3 3"/><text x="${x(ms) + 4}" y="${TOP + up}">${text}</text>`;
  const seconds = Array.from({ length: lastMs / 5_000 + 1 }, (_, i) => i * 5);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDE} ${HIGH}" font-family="sans-serif" font-size="11" fill="#666" role="img" aria-label="Backlog and encoders over time">
<rect width="${WIDE}" height="${HIGH}" fill="#fff"/>
<line x1="${LEFT}" x2="${WIDE - RIGHT}" y1="${y(0)}" y2="${y(0)}" stroke="#ccc"/>
${seconds.map((second) => `<text x="${x(second * 1_000)}" y="${HIGH - BOTTOM + 16}" text-anchor="middle">${second} s</text>`).join("\n")}
${[0, 0.5, 1].map((share) => `<text x="${LEFT - 6}" y="${y(share) + 4}" text-anchor="end" fill="#1f6feb">${share * most}</text>`).join("\n")}
${Array.from({ length: replicas }, (_, i) => `<text x="${WIDE - RIGHT + 6}" y="${y(i / replicas) + 4}" fill="#d1601f">${i}</text>`).join("\n")}
${mark(idealMs, "ideal", 10)}
${mark(goneMs, "gone", 24)}
<polyline points="${line(backlog)}" fill="none" stroke="#1f6feb" stroke-width="2"/>
<polyline points="${line(steps)}" fill="none" stroke="#d1601f" stroke-width="2"/>
<text x="${LEFT}" y="${HIGH - 4}" fill="#1f6feb">uploads that wait</text>
<text x="${LEFT + 110}" y="${HIGH - 4}" fill="#d1601f">encoders</text>
</svg>
`;
}
