import type { ClaimCheckExtension } from "@switchyard/core/pipeline";
import { type ClaimCheckOptions, claimCheckOptions } from "./options.ts";
import { refOf } from "./places.ts";

/** The stores `s3`, `folder` and `memory`. Configuration loads it by name. A bundle passes it in code. */
export const extension: ClaimCheckExtension<ClaimCheckOptions> = {
  kind: "claim-check",
  names: ["s3", "folder", "memory"],
  options: claimCheckOptions,
  place: ({ store, bucket, prefix }) => refOf(store, { bucket, key: prefix }),
  open: async (options, context) => (await import("./open.ts")).openClaimCheck(options, context),
  topology: async (options, context) => (await import("./topology/index.ts")).openTopology(options, context),
  rights: async (options) => (await import("./rights.ts")).rightsOf(options),
};
