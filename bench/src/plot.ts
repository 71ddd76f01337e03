import type { RowResult } from "./run-row.ts";
import { figure } from "./table.ts";

const WIDTH = 860;
const LABEL = 250;
const BAR = 18;
const GAP = 6;
const HEAD = 34;
/** Right of the longest bar, for its figure. */
const FIGURE = 130;
const OURS = "#1f6feb";
const PEER = "#9aa4b2";

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Messages a second, one group of bars a row; within a group the longest is the fastest. */
export function plot(results: readonly RowResult[]): string {
  const parts: string[] = [];
  let y = 10;
  for (const { title, contenders } of results) {
    const measured = contenders.filter(({ values }) => Number.isFinite(values["rate"]));
    if (measured.length < 2) continue;
    const most = Math.max(...measured.map(({ values }) => values["rate"] as number));
    parts.push(`<text x="0" y="${y + 18}" font-weight="600">${escape(title)}, messages/s</text>`);
    y += HEAD;
    for (const { name, values } of measured) {
      const rate = values["rate"] as number;
      const width = Math.max(1, ((WIDTH - LABEL - FIGURE) * rate) / most);
      const ours = name === "switchyard";
      parts.push(
        `<text x="${LABEL - 10}" y="${y + 13}" text-anchor="end">${escape(name)}</text>`,
        `<rect x="${LABEL}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2" fill="${ours ? OURS : PEER}"/>`,
        `<text x="${(LABEL + width + 8).toFixed(1)}" y="${y + 13}">${figure(rate)}</text>`,
      );
      y += BAR + GAP;
    }
    y += 12;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${y}" fill="#ffffff"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}
