import { MessagingError } from "../api/errors.ts";
import { importFile, resolveFrom } from "../base/import-at-run-time.ts";

/**
 * Loads an adapter's peer dependency on first use, so that a service on another transport never needs it installed: `beside`
 * the adapter, else, where a package manager keeps peers away from it, the project's own copy. `by` is the adapter's name.
 * Rejects with `missing-dependency` (`config`) where neither is there.
 */
export async function loadPeer<T>(
  name: string,
  by: string,
  beside: () => Promise<unknown>,
  ofProject: () => Promise<unknown> = () => projectsOwn(name),
): Promise<T> {
  let cause: unknown;
  for (const load of [beside, ofProject]) {
    try {
      return (await load()) as T;
    } catch (error) {
      if (!isMissing(error, name)) throw error;
      cause = error;
    }
  }
  throw new MessagingError("missing-dependency", `${by} needs the package ${name}; run: npm install ${name}`, {
    kind: "config",
    cause,
  });
}

function projectsOwn(name: string): Promise<unknown> {
  return importFile(resolveFrom(process.cwd(), name));
}

function isMissing(error: unknown, name: string): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") && String(message).includes(name);
}
