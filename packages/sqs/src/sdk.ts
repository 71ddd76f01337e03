import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { Sdk } from "./client.ts";

const NAME = "@aws-sdk/client-sqs";

const beside = (): Promise<unknown> => import("@aws-sdk/client-sqs");
/** Where a package manager keeps peers away from us, the project's own copy. */
export const ofProject = (name: string): Promise<unknown> => {
  const path = createRequire(join(process.cwd(), "package.json")).resolve(name);
  return import(pathToFileURL(path).href);
};

/** Loaded on first use: a service on another transport never needs it installed. */
export function loadSdk(ways: readonly (() => Promise<unknown>)[] = [beside, () => ofProject(NAME)]): Promise<Sdk> {
  return loadPeer(NAME, "@switchyard/sqs", ways);
}

/** A peer dependency, the first way that finds it. */
export async function loadPeer(name: string, by: string, ways: readonly (() => Promise<unknown>)[]): Promise<Sdk> {
  let cause: unknown;
  for (const load of ways) {
    try {
      return (await load()) as Sdk;
    } catch (error) {
      if (!notFound(error, name)) throw error;
      cause = error;
    }
  }
  throw new MessagingError("missing-dependency", `${by} needs the package ${name}; run: npm install ${name}`, {
    kind: "config",
    cause,
  });
}

function notFound(error: unknown, name: string): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") && String(message).includes(name);
}
