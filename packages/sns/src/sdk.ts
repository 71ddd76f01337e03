import type { Sdk } from "@switchyard/aws-kit";
import { loadPeer } from "@switchyard/core/driver-kit";

/** Loaded when a topic is first spoken to: a service that only consumes needs SQS alone. */
export const loadSnsSdk = (): Promise<Sdk> =>
  loadPeer("@aws-sdk/client-sns", "@switchyard/sns", () => import("@aws-sdk/client-sns"));
