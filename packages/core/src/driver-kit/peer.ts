import { MessagingError } from "../api/errors.ts";
import { importFile, resolveFrom } from "../base/import-at-run-time.ts";

/**
 * Loads an adapter's peer dependency on first use, so that services on other transports need not install it. `beside` imports it from
 * the adapter's place. Some package managers hide peers from the adapter; then `ofProject` imports the project's copy. `by` is the
 * adapter's name.
 *
 * @throws MessagingError `missing-dependency` (`config`) if neither finds it.
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
