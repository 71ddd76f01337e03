import { expect, test } from "vitest";
import { rig } from "./scripted-receiver.test.kit.ts";

test("what is published in the tick in which a handler ends leaves before its settlement", async () => {
  const order: string[] = [];
  const { runner, lease, message, runtime, context } = rig({
    // Whoever waited for the handler goes on after it.
    handler: () => queueMicrotask(publish),
    deadAnswer: () => void order.push("published"),
  });
  lease.settleAnswer = () => void order.push("settled");
  const { deadLetters } = context;
  const publish = () => void deadLetters?.send(() => message(0).message);
  // The first one opens the sender.
  publish();
  await runner.start();
  await runtime.settle();
  lease.push(message(1));
  await runtime.settle();
  expect(order).toEqual(["published", "published", "settled"]);
});
