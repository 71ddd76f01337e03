/** The demonstration: one application, three profiles, one group and then three. */
import { isMessagingError } from "@switchyard/core";
import { app, holds, type Report } from "./app.ts";

export function reportLine({ broker, published, groups }: Report): string {
  const each = Object.entries(groups).map(([name, { received, lost, outOfOrder }]) => {
    const wrong = [
      lost > 0 ? `${lost} LOST` : "",
      outOfOrder.length > 0 ? `OUT OF ORDER for ${outOfOrder.join(", ")}` : "",
    ];
    return `${name} ${received} of ${published}${wrong
      .filter((one) => one !== "")
      .map((one) => `, ${one}`)
      .join("")}`;
  });
  return `${broker}: ${each.join("; ")}`;
}

/** `profiles`: those whose brokers are there. Gives what went otherwise than it should. */
export async function tellFanOut(profiles: readonly string[], say: (line: string) => void): Promise<string[]> {
  const failures: string[] = [];
  for (const config of ["one-group.yaml", "three-groups.yaml"]) {
    say(`${config}:`);
    for (const profile of profiles) {
      const refusal = config === "three-groups.yaml" && profile === "queue";
      try {
        const report = await app({ config, profile });
        say(`  profile ${profile}, ${reportLine(report)}`);
        if (refusal) failures.push(`${config}, ${profile}: three groups on a queue were not refused`);
        if (!holds(report)) failures.push(`${config}, ${profile}: a group did not get every order in order`);
      } catch (error) {
        if (!refusal || !isMessagingError(error, "invalid-config")) throw error;
        say(
          `  profile ${profile}, refused at start: ${error.problems.map(({ path, message }) => `${path}: ${message}`).join("\n    ")}`,
        );
      }
    }
  }
  return failures;
}
