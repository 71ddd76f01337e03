/** Objects as files of a folder, for development: several processes of one machine share them. Nothing deletes them. */
import { createReadStream } from "node:fs";
import { mkdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";
import type { Runtime } from "@switchyard/core/driver";
import { isMessagingError, MessagingError } from "@switchyard/core/driver-kit";
import { denied, missing, refused } from "./errors.ts";
import { type Place, refOf } from "./places.ts";
import type { Store } from "./store.ts";

/** An object is the file `folder/bucket/key`. */
export function folderStore(folder: string, runtime: Runtime, deniedMs: number): Store {
  const root = resolve(folder);

  function pathOf(place: Place): string {
    const path = resolve(root, place.bucket, place.key);
    // Keys are checked before they come here. This holds whatever they are.
    if (!path.startsWith(root + sep)) throw refused(refOf("folder", place), "it lies outside of the folder");
    return path;
  }

  async function on<T>(place: Place, run: (path: string) => Promise<T>, toError = readError): Promise<T> {
    try {
      return await run(pathOf(place));
    } catch (error) {
      throw toError(place, error);
    }
  }

  function readError(place: Place, error: unknown): MessagingError {
    const { code } = error as { code?: unknown };
    if (code === "ENOENT" || code === "ENOTDIR") return missing(refOf("folder", place), error);
    if (code === "EACCES" || code === "EPERM")
      return denied(refOf("folder", place), "check the rights on the folder and its files", deniedMs, error);
    return failed(place, error);
  }

  return {
    scheme: "folder",
    put: (place, bytes, _about, signal) =>
      on(
        place,
        async (path) => {
          await mkdir(dirname(path), { recursive: true });
          // A reader sees the whole file or none. Each writer has a file of its own until then.
          const draft = `${path}.${runtime.uuid()}.part`;
          try {
            await writeFile(draft, bytes, { flag: "wx", ...(signal === undefined ? {} : { signal }) });
            await rename(draft, path);
          } catch (error) {
            await rm(draft, { force: true });
            throw error;
          }
        },
        failed,
      ),
    size: (place) => on(place, async (path) => (await stat(path)).size),
    get: async function* (place, _bytes, signal) {
      try {
        yield* createReadStream(pathOf(place), { signal });
      } catch (error) {
        throw readError(place, error);
      }
    },
    renew: (place) =>
      on(place, async (path) => {
        const now = new Date(runtime.now());
        await utimes(path, now, now);
      }),
    close: async () => {},
  };
}

function failed(_place: Place, error: unknown): MessagingError {
  if (isMessagingError(error)) return error;
  const { name, code } = error as { name?: unknown; code?: unknown };
  if (name === "AbortError")
    return new MessagingError("aborted", "the call was aborted", { kind: "closed", cause: error });
  const text = `claimCheck.folder: ${typeof code === "string" ? code : "the file system failed"}; check the folder, its rights and the disk's space`;
  return new MessagingError("claim-store-failed", text, { kind: "retryable", cause: error });
}
