import type { Report } from "./app.ts";

export const holds = ({ differences }: Report): boolean => differences.length === 0;

export function reportLines(report: Report): readonly string[] {
  const { lines, visitors, sessions, duplicates, seconds, differences, shards } = report;
  const [before, after] = shards;
  const read =
    before === after ? `${after}, never split on this broker` : `${before} before the split, ${after} in the end`;
  return [
    `${lines} views of ${visitors} visitors in ${sessions} sessions, in ${seconds.toFixed(1)} s (${Math.round(lines / seconds)} a second)`,
    `shards read: ${read}; ${duplicates} views came again after the kill and were not counted twice`,
    differences.length === 0
      ? "every visitor's totals are those of one process reading the file"
      : `WRONG, ${differences.length} visitors:\n  ${differences.slice(0, 5).join("\n  ")}`,
  ];
}
