import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { project } from "./compile.ts";
import { LanguageServer } from "./language-server.ts";

/** Where completion is asked for. */
const CARET = "‸";
const HEAD = `
import { channel, consumer, defineConfig } from "@switchyard/core";
import { z } from "zod";
import { allMessaging, cloud, orders } from "./samples.ts";
`;
const COMPLETIONS = {
  "a channel": ["orders.‸name;", ["codec?", "foreign?", "messages", "name", "needs", "orderingKey?"]],
  messaging: [
    "allMessaging.‸start;",
    [
      "consume",
      "deadLetters",
      "depth",
      "explain",
      "flush",
      "health",
      "places",
      "publish",
      "publishMany",
      "replay",
      "resume",
      "run",
      "start",
      "stop",
      "sweepTails",
      "tail",
    ],
  ],
  "a type to publish": ['allMessaging.publish(orders, "‸");', ["order.cancelled", "order.placed"]],
  "data to publish": [
    'allMessaging.publish(orders, "order.placed", { ‸ });',
    ["cents", "customerId", "orderId", "placedAt"],
  ],
  "the first handler": ['consumer(orders, "billing", { ‸ });', ['"*"?', '"order.cancelled"?', '"order.placed"?']],
  "another handler": ['consumer(orders, "billing", { "order.placed": "ignore", ‸ });', ['"*"?', '"order.cancelled"?']],
  "the options of a consumer": [
    'consumer(orders, "billing", { "*": "ignore" }, { ‸ });',
    ["concurrency?", "discard?", "maxInFlight?", "maxInFlightBytes?", "probe?", "use?"],
  ],
  "a channel's needs": [
    'channel("c", { messages: {}, needs: { ‸ } });',
    ["delay?", "encryption?", "fairness?", "messageBytes?", "replay?"],
  ],
  "a configuration": [
    "defineConfig([orders], { ‸ });",
    ["channels?", "connections?", "drain?", "keys?", "policies?", "prefix?", "profiles?"],
  ],
} as const;

const LAYER = `
  prefix: "dev",
  drain: "25s",
  connections: { aws: { use: "aws", provision: "off" } },
  channels: {
    orders: {
      model: "queue",
      on: "aws",
      policy: "default",
      partitions: 4,
      form: "fifo",
      address: "orders",
      retention: "4d",
      native: {},
      publish: { timeout: "30s", maxPending: 10, maxPendingBytes: 10, whenFull: "wait" },
      groups: {
        billing: {
          concurrency: 1,
          maxInFlight: 1,
          maxInFlightBytes: 1,
          hold: "60s",
          policy: "default",
          start: "latest",
          address: "billing",
          deadLetterAddress: "dead",
          batch: { size: 1, wait: "1s", perKey: 1 },
          filter: true,
          native: {},
        },
      },
    },
  },
  policies: {
    default: {
      retry: { attempts: 1, backoff: "linear", first: "1s", max: "1m", jitter: 0, errors: { Busy: { attempts: 2 } } },
      deadLetter: "skip",
    },
  },`;
const CONFIGURATION = `defineConfig([orders], {${LAYER}\n  profiles: { dev: {${LAYER}\n} } });`;
/** Chosen by the user, so that there is nothing to say about them. */
const NAMES = new Set(["aws", "orders", "billing", "default", "Busy", "dev"]);

const at = (text: string, index: number) => {
  const before = text.slice(0, index).split("\n");
  return { line: before.length - 1, character: before.at(-1)?.length ?? 0 };
};

interface Shown {
  readonly offered: readonly (readonly [name: string, labels: readonly string[], expected: readonly string[]])[];
  readonly hovered: readonly (readonly [key: string, code: string, words: string])[];
}

/** One file and one server for all questions: what takes time is to load the packages. */
async function inEditor(): Promise<Shown> {
  const samples = await readFile(fileURLToPath(new URL("samples.ts", import.meta.url)), "utf8");
  const asked: (readonly [name: string, index: number, expected: readonly string[]])[] = [];
  let text = HEAD;
  for (const [name, [line, expected]] of Object.entries(COMPLETIONS)) {
    asked.push([name, text.length + line.indexOf(CARET), expected]);
    text += `${line.replace(CARET, "")}\n`;
  }
  const keys = [...CONFIGURATION.matchAll(/(\w+): /g)].map(
    ({ 1: key = "", index }) => [key, text.length + index] as const,
  );
  text += CONFIGURATION;
  const files = { "edited.ts": text, "samples.ts": samples };
  return project(files, { noEmit: true, declaration: false }, async (folder) => {
    await using server = await LanguageServer.start(folder);
    server.open("edited.ts", text);
    const offered = asked.map(async ([name, index, expected]) => {
      const items = await server.completions("edited.ts", at(text, index));
      // `Symbol` stands for keys that are symbols, and is offered last.
      const labels = items.map(({ label }) => label).filter((label) => label !== "Symbol");
      return [name, labels.toSorted(), expected] as const;
    });
    const hovered = keys
      .filter(([key]) => !NAMES.has(key))
      .map(async ([key, index]) => {
        const [code = "", words = ""] = (await server.hover("edited.ts", at(text, index))).split("\n```\n");
        return [key, code, words] as const;
      });
    return { offered: await Promise.all(offered), hovered: await Promise.all(hovered) };
  });
}

describe("an editor", async () => {
  const { offered, hovered } = await inEditor();

  test.each(offered)(
    "offers for %s what may be written, and nothing of the compiler's own",
    (_name, labels, expected) => {
      expect(labels).toEqual(expected);
    },
  );

  test("says over every key of a configuration what it means, in the base and in a profile", () => {
    expect(hovered.length).toBeGreaterThan(70);
    for (const [key, code] of hovered) expect(code).toContain(key);
    expect(hovered.filter(([, , words]) => words === "").map(([key, code]) => `${key}: ${code}`)).toEqual([]);
  });
});
