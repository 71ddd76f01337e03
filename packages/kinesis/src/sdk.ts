import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { Sdk } from "./client.ts";

const NAME = "@aws-sdk/client-kinesis";

const beside = (): Promise<unknown> => import("@aws-sdk/client-kinesis");
/** Where a package manager keeps peers away from us, the project's own copy. */
const ofProject = (): Promise<unknown> => {
  const path = createRequire(join(process.cwd(), "package.json")).resolve(NAME);
  return import(pathToFileURL(path).href);
};

/** Loaded on first use: a service on another transport never needs it installed. */
export async function loadSdk(ways: readonly (() => Promise<unknown>)[] = [beside, ofProject]): Promise<Sdk> {
  let cause: unknown;
  for (const load of ways) {
    try {
      return (await load()) as Sdk;
    } catch (error) {
      if (!notFound(error)) throw error;
      cause = error;
    }
  }
  throw new MessagingError(
    "missing-dependency",
    `@switchyard/kinesis needs the package ${NAME}; run: npm install ${NAME}`,
    {
      kind: "config",
      cause,
    },
  );
}

function notFound(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") && String(message).includes(NAME);
}
