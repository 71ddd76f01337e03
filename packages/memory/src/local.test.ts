/** Messages that never leave the process are objects from end to end: nobody may notice. */
import { channel, connect, consumer } from "@switchyard/core";
import { expect, test } from "vitest";
import { z } from "zod";
import { memory } from "./index.ts";
import { testbed } from "./testing/index.ts";

const items = channel("items", {
  messages: { item: z.looseObject({ tags: z.array(z.string()), note: z.unknown() }) },
});

async function run(publish: readonly unknown[], handle: (data: any, delivery: any) => void, connection = memory()) {
  const messaging = await connect({
    channels: [items],
    service: "shop",
    config: {
      prefix: "test",
      connections: { memory: connection },
      channels: { items: { model: "pubsub", on: "memory", groups: { a: {}, b: {} } } },
      policies: { default: { retry: { first: "1ms", backoff: "constant" } } },
    } as never,
    observe: () => {},
  });
  let left = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const group of ["a", "b"]) {
    const handler = (data: unknown, delivery: { attempt: number }) => {
      try {
        handle(data, delivery);
      } finally {
        if (++left === publish.length * 2) resolve();
      }
    };
    messaging.consume(consumer(items, group, { item: handler }));
  }
  await messaging.start();
  // The first opens the sender: those after it may take the short way.
  const warm = publish[0];
  await messaging.publish(items, "item", warm as never);
  const sent = publish.slice(1).map((data) => messaging.publish(items, "item", data as never));
  const ids = (await Promise.all(sent)).map(({ id }) => id);
  await promise;
  await messaging.stop();
  return ids;
}

test("a handler's changes reach no other group and no publisher, and the publisher's no handler", async () => {
  const mine = { tags: ["new"], note: { deep: [1] } };
  const seen: string[] = [];
  await run([{ tags: [], note: 0 }, mine], (data: typeof mine) => {
    seen.push(JSON.stringify(data));
    data.tags.push("changed");
    if (typeof data.note === "object") data.note.deep.push(2);
  });
  expect(mine).toEqual({ tags: ["new"], note: { deep: [1] } });
  expect(seen.filter((text) => text === JSON.stringify(mine))).toHaveLength(2);
});

test("what is raw looks as on any transport", async () => {
  const raws: any[] = [];
  const [id] = await run(
    [
      { tags: [], note: 0 },
      { tags: ["é"], note: 1 },
    ],
    (_, delivery) => raws.push(delivery),
  );
  const of = raws.filter((delivery) => delivery.id === id);
  expect(of).toHaveLength(2);
  for (const { raw, headers } of of) {
    expect(raw.body).toBe('{"tags":["é"],"note":1}');
    expect(JSON.parse(raw.headers.ce)).toMatchObject({ specversion: "1.0", id, source: "shop" });
    expect(raw.type).toBe("item");
    expect(headers).toEqual({});
  }
});

test("data that only JSON can carry right goes through it", async () => {
  class Note {
    readonly text = "kept";
  }
  const notes: unknown[] = [];
  await run(
    [
      { tags: [], note: 0 },
      { tags: [], note: new Note() },
    ],
    (data) => notes.push(data.note),
  );
  const note = notes.filter((each) => each !== 0);
  expect(note).toEqual([{ text: "kept" }, { text: "kept" }]);
  for (const each of note) expect(Object.getPrototypeOf(each)).toBe(Object.prototype);
});

test("a message is settled in the job that handled it: no turn of the event loop keeps it", async () => {
  await using bed = await testbed({ channels: [items] });
  const handled = Promise.withResolvers<void>();
  bed.messaging.consume(consumer(items, "a", { item: ({ tags }) => void (tags.length > 0 && handled.resolve()) }));
  await bed.messaging.start();
  // The first opens the sender: the one after it takes the short way.
  await bed.messaging.publish(items, "item", { tags: [], note: 0 });
  await bed.settled();
  void bed.messaging.publish(items, "item", { tags: ["local"], note: 0 });
  await handled.promise;
  let turned = false;
  setImmediate(() => (turned = true));
  for (let i = 0; i < 20; i++) await Promise.resolve();
  expect([bed.inFlight(items, "a").length, turned]).toEqual([0, false]);
});
