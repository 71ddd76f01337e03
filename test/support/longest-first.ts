/** The order of test files: those that take longest begin first, so that none of them runs alone at the end. */
import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files of half a minute and more on two cores, the longest first, but of those that keep the processors busy not all at once. Measured,
 * and to be measured again when something long is left at the end.
 */
const longest: readonly string[] = [
  "contract-rabbit",
  "contract-lambda",
  "simulation",
  "contract-sqs",
  "amqp-faults",
  "amqp-storm",
  "chaos",
  "amqp-migration",
  "contract-kinesis",
  "cli-dead",
  "guard",
  "contract-mutants",
  "adapter-decoders",
  "claim-check",
  "contract-sns-fifo",
  "cli",
  "pack",
  "policies-recorded",
  "contract-sns",
  "amqp-window",
  "inbox-kills",
  "dead-letters-rabbit",
  "secrecy",
  "otel-processes",
];

const rank = ({ moduleId }: TestSpecification): number => {
  const at = longest.indexOf(basename(moduleId, ".test.ts"));
  return at < 0 ? longest.length : at;
};

/** Vitest's own order knows how long a file takes only where it ran before, and begins with the largest ones elsewhere. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}
