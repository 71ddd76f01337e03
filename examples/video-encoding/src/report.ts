import type { Report } from "./app.ts";
import { holds } from "./proof.ts";

/** The proof in words, a line each. */
export function reportLines(report: Report): readonly string[] {
  const { uploaded, encoded, refused, lost, strange, wrong, duplicates, failures, deadLetters } = report;
  return [
    `  ${uploaded} uploaded, ${encoded} encoded, ${lost.length} lost${some(lost)}`,
    `  duplicate deliveries: ${duplicates}; failed and delivered again: ${failures}`,
    `  ${Object.keys(report.checksums).length - wrong.length} results on disk equal the reference, ${wrong.length} differ${some(wrong)}`,
    ...(refused.length > 0 ? [`  ${refused.length} refused as no video${some(refused)}`] : []),
    ...deadLetters.map(({ videoId, reason }) => `  dead letter ${videoId}: ${reason}`),
    ...(strange.length > 0 ? [`  ${strange.length} encoded that nobody uploaded${some(strange)}`] : []),
    `  backlog at most ${report.mostBacklog}, encoders at most ${report.mostEncoders}, left on the broker ${report.leftOver}, ${report.seconds.toFixed(1)} s`,
    holds(report) ? "  PROVED: every video was encoded, none was lost" : "  NOT PROVED",
  ];
}

function some(ids: readonly string[]): string {
  if (ids.length === 0) return "";
  return ` (${ids.slice(0, 5).join(", ")}${ids.length > 5 ? ", ..." : ""})`;
}
