import type { ContractCase } from "../case.ts";
import { accepted, assert, pulls, range, rejected, signal, textOf, wire } from "./kit.ts";

const clause = "C15";

export const cases: readonly ContractCase[] = [
  {
    id: "C15-too-large-before-io",
    clause,
    title: "a message over the limit is refused as too-large before anything is sent",
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], ...via });
      await app.publish(channel, t.item(0));
      const before = control.calls("send");
      const error = await rejected(
        app.publish(channel, t.item(1, { big: "x".repeat(t.caps.maxMessageBytes) })),
        "an oversize message",
      );
      assert.deepEqual([error.code, error.kind], ["too-large", "permanent"]);
      assert.equal(control.calls("send"), before);
    },
  },
  {
    id: "C15-size-is-in-bytes",
    clause,
    title: "size counts bytes, not characters",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const third = Math.floor(t.caps.maxMessageBytes / 3);
      const error = await rejected(
        app.publish(channel, t.item(1, { big: "漢".repeat(third) })),
        "characters of three bytes",
      );
      assert.equal(error.code, "too-large");
    },
  },
  {
    id: "C15-limit-observed",
    clause,
    title: "maxMessageBytes observed: the driver delivers a message of exactly that size whole and accepts none larger",
    needs: pulls,
    run: async (t) => {
      const seam = await t.seam();
      const sender = await seam.sender();
      const limit = sender.capabilities.maxMessageBytes;
      const empty = wire(t, 0, { body: "" });
      const fill = (bytes: number) =>
        wire(t, 0, {
          body: "x".repeat(bytes - sender.size(empty)),
          ...(empty.key === undefined ? {} : { key: empty.key }),
        });
      const fits = fill(limit);
      assert.equal(sender.size(fits), limit);
      await seam.send([fits], sender);
      const [taken] = await (await seam.reader()).take(1);
      assert.equal(textOf(taken!.delivery.message.body).length, fits.body.length);
      const result = await sender.send([fill(limit + 1)], signal()).then(
        ([sent]) => sent!,
        (cause: unknown) => ({ cause }),
      );
      assert.ok(!accepted(result), "one byte more was accepted");
      assert.equal(seam.connection.classify(result.cause, "send").kind, "permanent");
    },
  },
  {
    id: "C15-size-counts-headers",
    clause,
    title: "size counts headers, type and body, and grows with each",
    needs: pulls,
    run: async (t) => {
      const sender = await (await t.seam()).sender();
      const plain = sender.size(wire(t, 1));
      assert.ok(sender.size(wire(t, 1, { body: "x".repeat(1_000) })) >= plain + 900);
      if (t.caps.headers > 0)
        assert.ok(sender.size(wire(t, 1, { headers: { "x-head": "v".repeat(100) } })) >= plain + 100);
      assert.ok(sender.size(wire(t, 1, { body: "é".repeat(1_000) })) >= 2_000);
    },
  },
  {
    id: "C15-batches-within-the-limit",
    clause,
    title: "many large messages are split into batches the broker takes",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const size = Math.floor(t.caps.maxMessageBytes * 0.4);
      const count = 7;
      await app.publishAll(
        channel,
        range(count).map((n) => t.item(n, { big: "x".repeat(size) })),
      );
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.ids.length === count, "all", 30_000);
      for (const one of seen.seen) assert.equal(one.data.big.length, size);
    },
  },
];
