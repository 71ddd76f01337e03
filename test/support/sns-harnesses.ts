/** SNS as the contract suite sees it, standard and FIFO, with what the emulator cannot do. */
import type { Exemption, Harness } from "@switchyard/contract";
import { systemRuntime } from "@switchyard/core";
import { PublishCommand } from "@aws-sdk/client-sns";
import { adapter } from "@switchyard/sns";
import type { Aws } from "./aws-emulator.ts";

export function snsHarnesses(aws: Aws): readonly Harness[] {
  return [false, true].map((ordered) => ({
    name: ordered ? "SNS FIFO" : "SNS",
    adapter,
    model: "pubsub",
    ordered,
    connection: () => aws.connection,
    runtime: () => systemRuntime,
    limits: { bulk: 300 },
    exemptions: aws.emulator ? (ordered ? fifo : standard) : [],
  }));
}
void PublishCommand;
const standard: readonly Exemption[] = [];
const fifo: readonly Exemption[] = [];
