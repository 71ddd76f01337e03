import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compile } from "./compile.ts";

const CONTRACT = `
import { batchConsumer, channel, consumer, middleware } from "@switchyard/core";
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
const time = z.codec(z.iso.datetime(), z.date(), { decode: (s) => new Date(s), encode: (d) => d.toISOString() });
const traced = middleware((_delivery, next) => next({ trace: "t" }));
export const orders = channel("orders", {
  messages: { a: z.object({ id: z.string(), at: time }), b: v.object({ id: v.string() }), c: type({ id: "string" }) },
  orderingKey: "id",
  needs: { delay: "1m" },
});
export const billing = consumer(orders, "billing", { "*": (order, delivery) => [order.id, delivery.trace] }, { use: [traced] });
export const analytics = batchConsumer(orders, "analytics", (batch) => batch.size);
`;

test("the declaration file of a contract package names no schema library", async () => {
  // Sources of core are in the program: with the root of the file system as rootDir all output stays under outDir.
  const emit = { declaration: true, emitDeclarationOnly: true, rootDir: "/", outDir: "out" };
  const declared = await compile({ "contract.ts": CONTRACT }, emit, (_output, folder) =>
    readFile(join(folder, "out", folder, "contract.d.ts"), "utf8"),
  );
  expect(declared).toContain('Channel<"orders", {');
  expect(declared).toContain("at: Date;");
  expect(declared).toContain('"delay" | "ordering">');
  expect(declared).not.toMatch(/zod|valibot|arktype|standard-schema|StandardSchema/i);
}, 60_000); // a whole run of the compiler, on a machine that may be busy
