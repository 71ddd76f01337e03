/** Messages of a run stay in the process, and keep what a broker between processes would: nobody shares an object with anybody. */
import { inspect } from "node:util";
import { channel, consumer, isMessagingError } from "@switchyard/core";
import { expect, test } from "vitest";
import { z } from "zod";
import { explore, type Scenario } from "./index.ts";

interface Order {
  readonly lines: string[];
  readonly at?: unknown;
}
/** A schema that copies nothing: those of objects do. */
const isOrder = z.custom<Order>((value) => Array.isArray((value as Order).lines));
const orders = channel("orders", { messages: { placed: isOrder } });
type Orders = readonly [typeof orders];

/** What each handler was given, and what each publish of a run was told. */
const seenBy = (
  publish: (to: (data: Order) => Promise<void>) => Promise<unknown>,
  groups = ["a"],
  place: object = {},
) => {
  const seen: string[] = [];
  const told: unknown[] = [];
  const scenario = {
    channels: [orders],
    processes: 1,
    policy: { retry: { attempts: 2, backoff: "constant", first: "1s" } },
    ...place,
    world: () => ({}),
    services: Object.fromEntries(
      groups.map((group) => [
        group,
        () =>
          consumer(orders, group, {
            placed: ({ lines, ...rest }, { attempt }) => {
              seen.push(`${group} ${attempt} ${inspect({ lines, ...rest })}`);
              lines.push(`changed by ${group}`);
              if (attempt === 1) throw new Error("once more");
            },
          }),
      ]),
    ),
    play: async (tools: { publish(on: typeof orders, type: "placed", data: any): Promise<void> }) => {
      // The first opens the sender: only then are messages not encoded.
      await tools.publish(orders, "placed", { lines: ["first"] });
      await publish((data) => tools.publish(orders, "placed", data).catch((error: unknown) => void told.push(error)));
    },
  } as unknown as Scenario<Orders, object>;
  return { scenario, seen, told, second: () => seen.filter((line) => !line.includes("first")) };
};

test("a handler that changes its message changes neither the next delivery of it nor another group's", async () => {
  const { scenario, second } = seenBy((to) => to({ lines: ["x"] }), ["a", "b"], { model: "pubsub" });
  await explore(scenario, { replay: "x1.1.0.0.9.0.0.1" });
  expect(second().slice(-4).sort()).toEqual([
    "a 1 { lines: [ 'x' ] }",
    "a 2 { lines: [ 'x' ] }",
    "b 1 { lines: [ 'x' ] }",
    "b 2 { lines: [ 'x' ] }",
  ]);
});

test("a publisher that changes its data afterwards changes no message, and data arrives as JSON gives it back", async () => {
  const { scenario, second } = seenBy(async (to) => {
    const data = { lines: ["x"], at: -0 };
    const publishing = to(data);
    data.lines.push("too late");
    await publishing;
  });
  await explore(scenario, { replay: "x1.1.0.0.9.0.0.1" });
  expect(second().at(-1)).toBe("a 2 { lines: [ 'x' ], at: 0 }");
});

test("what does not fit its schema, the broker's limit or JSON is refused, as outside of a run", async () => {
  const limit = { channels: { orders: { model: "queue", on: "memory", groups: { a: {} } } } };
  const connections = { memory: { use: "memory", maxMessageBytes: 2_000 } };
  const { scenario, told, second } = seenBy(
    async (to) => {
      await to({ lines: "none" } as never);
      await to({ lines: ["x".repeat(3_000)] });
      await to({ lines: [], at: new Date(0) });
    },
    ["a"],
    { config: { connections, ...limit }, policy: undefined },
  );
  await explore(scenario, { replay: "x1.1.0.0.9.0.0.1" });
  expect(told.slice(-3).map((error) => isMessagingError(error) && error.code)).toEqual([
    "invalid-message",
    "too-large",
    "not-json",
  ]);
  expect(second()).toEqual([]);
});
