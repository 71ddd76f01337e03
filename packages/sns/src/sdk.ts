import { loadPeer, ofProject, type Sdk } from "@switchyard/sqs/kit";

const NAME = "@aws-sdk/client-sns";

/** Loaded when a topic is first spoken to: a service that only consumes needs SQS alone. */
export function loadSnsSdk(
  ways: readonly (() => Promise<unknown>)[] = [() => import("@aws-sdk/client-sns"), () => ofProject(NAME)],
): Promise<Sdk> {
  return loadPeer(NAME, "@switchyard/sns", ways);
}
