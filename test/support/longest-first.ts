/** The order of test files: those that take longest begin first, so that none of them runs alone at the end. */
import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files of more than half a minute on two cores, the longest first. Measured, and to be measured again when the order is wrong. */
export const longest: readonly string[] = [
  "contract-lambda",
  "contract-rabbit",
  "chaos",
  "inbox-kills",
  "contract-sqs",
  "amqp-faults",
  "amqp-storm",
  "policies-recorded",
  "contract-kinesis",
  "amqp-migration",
  "cli",
  "guard",
  "adapter-decoders",
  "claim-check",
  "contract-mutants",
  "contract-sns-fifo",
  "contract-sns",
  "amqp-window",
  "secrecy",
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
