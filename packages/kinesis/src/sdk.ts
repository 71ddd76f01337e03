import type { Sdk } from "@switchyard/aws-kit";
import { loadPeer } from "@switchyard/core/driver-kit";

export const loadSdk = (): Promise<Sdk> =>
  loadPeer("@aws-sdk/client-kinesis", "@switchyard/kinesis", () => import("@aws-sdk/client-kinesis"));
