import { resolve } from "node:path";
import type { ClaimCheck, ExtensionContext } from "@switchyard/core/pipeline";
import { ObjectClaimCheck } from "./claim-check.ts";
import type { ClaimCheckOptions } from "./options.ts";
import type { Readable } from "./places.ts";
import type { Store } from "./store.ts";

/** Reaches no service. Loads the SDK only for `s3`. */
export async function openClaimCheck(options: ClaimCheckOptions, context: ExtensionContext): Promise<ClaimCheck> {
  const own = ownOf(options);
  const read = readsOf(options);
  const store = await openStore(options, context);
  return new ObjectClaimCheck(store, { own, read, interop: options.interop }, context.trouble);
}

/** Where objects are stored. */
export const ownOf = ({ bucket, prefix, owner }: ClaimCheckOptions): Readable => ({ bucket, prefix, owner });

/** What else may be read. */
export const readsOf = ({ read, owner }: ClaimCheckOptions): readonly Readable[] =>
  read.map((each) => ({ bucket: each.bucket, prefix: each.prefix ?? "", owner: each.owner ?? owner }));

async function openStore(options: ClaimCheckOptions, { directory, runtime }: ExtensionContext): Promise<Store> {
  switch (options.store) {
    case "memory":
      return (await import("./memory.ts")).memoryStore();
    case "folder":
      return (await import("./folder.ts")).folderStore(
        resolve(directory, options.folder as string),
        runtime,
        options.wait,
      );
    case "s3": {
      const [{ loadSdk }, { openClient }, { s3Store }] = await Promise.all([
        import("./s3/sdk.ts"),
        import("./s3/client.ts"),
        import("./s3/store.ts"),
      ]);
      return s3Store(await openClient(options, await loadSdk()), options.wait);
    }
  }
}
