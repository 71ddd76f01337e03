import { expect, test } from "vitest";
import type { ChannelShape } from "../../api/shapes.ts";
import { rig } from "../../fixtures/scripted-receiver.ts";

/** What the `dead-letter` event says about a message of another producer. */
async function condemned(foreign: ChannelShape["foreign"]): Promise<object> {
  const { runner, lease, runtime, events } = rig({ handler: () => {}, ...(foreign === undefined ? {} : { foreign }) });
  lease.push({ id: "1", receipt: "r", raw: undefined, message: { body: "{}", headers: {} }, attempt: 1 });
  await runner.start();
  await runtime.settle();
  return events.find(({ type }) => type === "dead-letter") ?? {};
}

test("a foreign message without a type: the reason says that `foreign` is not declared", async () => {
  expect(await condemned(undefined)).toMatchObject({
    code: "untyped-message",
    reason:
      'not published by Switchyard, and channel "orders" does not declare `foreign`: declare it to give such messages a type',
  });
});

test.each([
  ["returns nothing", () => undefined],
  // Without types, `foreign` may return anything. It must not stop the consumer.
  ["returns null", () => null as never],
  ["returns a number", () => 7 as never],
  [
    "throws",
    () => {
      throw new Error("no such header");
    },
  ],
])("a foreign message without a type: `foreign` is declared and %s, and the reason says so", async (_what, foreign) => {
  expect(await condemned(foreign)).toMatchObject({
    code: "untyped-message",
    reason: 'not published by Switchyard, and `foreign` of channel "orders" returned no type for it or threw',
  });
});

test("a foreign message with a type is handled", async () => {
  expect(await condemned(() => "m")).toEqual({});
});
