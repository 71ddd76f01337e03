import type { Report } from "./app.ts";
import { holds } from "./proof.ts";

/** The proof in words, a line each. */
export function reportLines(report: Report): readonly string[] {
  const { uploaded, encoded, lost, strange, wrong, duplicates, retries } = report;
  return [
    `  ${uploaded} uploaded, ${encoded} encoded, ${lost.length} lost${some(lost)}, ${duplicates} duplicate deliveries, ${retries} retried`,
    `  ${Object.keys(report.checksums).length - wrong.length} results equal the reference byte for byte, ${wrong.length} differ${some(wrong)}${strange.length > 0 ? `, ${strange.length} were never uploaded${some(strange)}` : ""}`,
    `  backlog at most ${report.mostBacklog}, encoders at most ${report.mostEncoders}, left on the broker ${report.leftOver}, ${report.seconds.toFixed(1)} s`,
    holds(report) ? "  PROVED: every video was encoded, none was lost" : "  NOT PROVED",
  ];
}

function some(ids: readonly string[]): string {
  if (ids.length === 0) return "";
  return ` (${ids.slice(0, 5).join(", ")}${ids.length > 5 ? ", ..." : ""})`;
}
