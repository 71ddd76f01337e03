import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { MessagingError } from "@switchyard/core/driver-kit";
import type { Amqplib } from "./client.ts";

const NAME = "amqplib";

const beside = (): Promise<unknown> => import("amqplib");
/** Where a package manager keeps peers away from us, the project's own copy. */
const ofProject = (): Promise<unknown> => {
  const path = createRequire(join(process.cwd(), "package.json")).resolve(NAME);
  return import(pathToFileURL(path).href);
};

/** Loaded on first use: a service on another transport never needs it installed. */
export async function loadAmqplib(ways: readonly (() => Promise<unknown>)[] = [beside, ofProject]): Promise<Amqplib> {
  let cause: unknown;
  for (const load of ways) {
    try {
      return (await load()) as Amqplib;
    } catch (error) {
      if (!notFound(error)) throw error;
      cause = error;
    }
  }
  const text = `@switchyard/amqp needs the package ${NAME} (2.3.1 or later); run: npm install ${NAME}`;
  throw new MessagingError("missing-dependency", text, { kind: "config", cause });
}

function notFound(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") && String(message).includes(NAME);
}
