import type { Sdk } from "@switchyard/aws-kit";
import { loadPeer } from "@switchyard/core/driver-kit";

export const loadSdk = (): Promise<Sdk> =>
  loadPeer("@aws-sdk/client-sqs", "@switchyard/sqs", () => import("@aws-sdk/client-sqs"));
