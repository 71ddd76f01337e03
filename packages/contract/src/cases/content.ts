import { createHash } from "node:crypto";
import { isVirtual } from "../pump.ts";
import type { CaseContext, ContractCase } from "../case.ts";
import { Extras } from "../extensions.ts";
import { assert, deadLetters, ordered, pulls, range, redrives, rejected, textOf } from "./kit.ts";

const clause = "content";

const SECRET = "the-marked-secret";
const extrasOf = (extras: Extras) => ({
  keys: { main: { use: extras.keys } },
  encrypt: { keys: "main" },
  claimCheck: { store: extras.store },
});

/** Text that hardly shrinks: hexadecimal digits of hashes. */
const noise = (seed: number, length: number): string =>
  range(Math.ceil(length / 64))
    .map((n) => createHash("sha256").update(`${seed} ${n}`).digest("hex"))
    .join("")
    .slice(0, length);

/** The raw bodies and headers of a channel's messages as another client of the broker sees them. */
async function rawOf(t: CaseContext, channel: string, count: number, dead = false): Promise<string[]> {
  const made = t.layout(channel, ["main"]);
  const seam = await t.open(made);
  const group = made.groups["main"]!;
  const reader = await seam.readerOf(dead ? group.deadLetter! : group);
  const taken = await reader.take(count);
  await reader.close();
  return taken.map(({ delivery: { message } }) => `${textOf(message.body)} ${JSON.stringify(message.headers)}`);
}

export const cases: readonly ContractCase[] = [
  {
    id: "D-compressed",
    clause,
    title: "large messages travel compressed with each coding and arrive as they were; small ones are left alone",
    run: async (t) => {
      const names = ["brotli", "gzip"] as const;
      for (const name of names) {
        const channel = t.channel();
        const app = await t.app({ channels: [channel], channelConfig: { compress: { above: "1KiB", with: name } } });
        const big = "compressible ".repeat(1_000);
        const seen = t.recorder();
        await app.consume(channel, "main", seen.handle);
        await app.publishAll(channel, [t.item(0, { big }), t.item(1), t.item(2, { big, more: "漢字" })]);
        await t.until(() => seen.ids.length === 3, `all of ${name}`);
        assert.equal(seen.of(0)[0]!.data.big, big);
        assert.equal(seen.of(2)[0]!.data.more, "漢字");
        await app.stop();
      }
    },
  },
  {
    id: "D-compressed-on-the-wire",
    clause,
    title: "a compressed body takes less room on the wire",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], channelConfig: { compress: { with: "brotli" } } });
      await app.publish(channel, t.item(0, { big: "compressible ".repeat(1_000) }));
      const [raw] = await rawOf(t, channel.name, 1);
      assert.ok(raw!.length < 2_000, `${raw!.length} characters`);
    },
  },
  {
    id: "D-compressed-fits",
    clause,
    title: "a body over the limit is sent if it fits once compressed",
    needs: (_caps, harness) =>
      isVirtual(harness.runtime()) ? "virtual time (large bodies are compressed in real time)" : undefined,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], channelConfig: { compress: { with: "brotli" } } });
      // Not so regular that a reader would refuse its ratio.
      const part = Math.ceil(t.caps.maxMessageBytes / 20);
      const big = noise(1, part).repeat(24);
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(0, { big }));
      await t.until(() => seen.ids.length === 1, "the message");
      assert.equal(seen.of(0)[0]!.data.big.length, big.length);
    },
  },
  {
    id: "D-encrypted",
    clause,
    title:
      "encrypted data is nowhere readable on the broker, in the dead letter neither, and arrives as it was, also redriven",
    needs: deadLetters,
    run: async (t) => {
      const extras = new Extras();
      const { keys, encrypt } = extrasOf(extras);
      const channel = t.channel({ needs: { encryption: true } });
      const app = await t.app({ channels: [channel], keys, channelConfig: { encrypt }, retry: { attempts: 1 } });
      const seen = t.recorder(() => {
        throw new Error(`failed on ${SECRET}`);
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(0, { secret: SECRET }), { headers: { "x-clear": "yes" } });
      await t.until(() => app.eventsOf("dead-letter").length === 1, "the dead letter");
      assert.deepEqual([seen.seen[0]!.data.secret, seen.seen[0]!.delivery.encrypted], [SECRET, true]);
      await app.stop();
      const [raw] = await rawOf(t, channel.name, 1, true);
      assert.ok(!raw!.includes(SECRET), "the dead letter holds plain text");
      assert.ok(raw!.includes("attempts-exhausted"), "its code is readable");
    },
  },
  {
    id: "D-encrypted-dead-letters-are-read",
    clause,
    title: "peeking reads encrypted dead letters, and a redriven one reaches its group",
    needs: redrives,
    run: async (t) => {
      const extras = new Extras();
      const { keys, encrypt } = extrasOf(extras);
      const channel = t.channel();
      const app = await t.app({ channels: [channel], keys, channelConfig: { encrypt }, retry: { attempts: 1 } });
      let fails = true;
      const seen = t.recorder(() => {
        if (fails) throw new Error(`failed on ${SECRET}`);
      });
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(0, { secret: SECRET }));
      await t.until(() => app.eventsOf("dead-letter").length === 1, "the dead letter");
      const box = app.messaging.deadLetters(channel, "main");
      let items: readonly any[] = [];
      await t.until(async () => {
        items = await box.peek();
        return items.length === 1;
      }, "the dead letter is seen");
      assert.equal(items[0].data.secret, SECRET);
      assert.ok(items[0].reason.includes(SECRET), items[0].reason);
      fails = false;
      await t.until(async () => (await box.redrive()).moved > 0 || seen.seen.length > 1, "redriven");
      await t.until(() => seen.seen.length === 2, "the redriven message");
      assert.equal(seen.seen[1]!.data.secret, SECRET);
    },
  },
  {
    id: "D-moved",
    clause,
    title: "an encrypted body that is moved into another message is refused, and its neighbours are not",
    needs: deadLetters,
    run: async (t) => {
      const extras = new Extras();
      const { keys, encrypt } = extrasOf(extras);
      const channel = t.channel();
      const app = await t.app({ channels: [channel], keys, channelConfig: { encrypt } });
      await app.publish(channel, t.item(0, { secret: SECRET }));
      const made = t.layout(channel.name, ["main"]);
      const seam = await t.open(made);
      const reader = await seam.readerOf(made.groups["main"]!);
      const [taken] = await reader.take(1, { ack: true });
      await reader.close();
      const { message } = taken!.delivery;
      const moved = (text: string) => text.replaceAll(/"id":"[^"]*"/g, '"id":"moved"');
      const body =
        typeof message.body === "string" ? moved(message.body) : new TextEncoder().encode(moved(textOf(message.body)));
      const ce = message.headers["ce"];
      await seam.send([
        {
          ...message,
          body,
          dedup: "moved:0",
          headers: ce === undefined ? message.headers : { ...message.headers, ce: moved(ce) },
        },
      ]);
      await app.publish(channel, t.item(1));
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.of(1).length === 1 && app.eventsOf("dead-letter").length === 1, "both");
      assert.equal(app.eventsOf("dead-letter")[0].code, "undecryptable");
    },
  },
  {
    id: "D-required",
    clause,
    title: "a channel that requires encryption refuses what is not encrypted; one that accepts it says so",
    needs: deadLetters,
    run: async (t) => {
      const extras = new Extras();
      const { keys, encrypt } = extrasOf(extras);
      const channel = t.channel();
      const plain = await t.app({ channels: [channel] });
      await plain.publish(channel, t.item(0));
      const optional = { ...encrypt, accept: "optional", until: "2999-01-01" };
      const lenient = await t.app({ channels: [channel], keys, channelConfig: { encrypt: optional } });
      const seen = t.recorder();
      await lenient.consume(channel, "main", seen.handle);
      await t.until(() => seen.seen.length === 1, "the plain message");
      assert.equal(seen.seen[0]!.delivery.encrypted, false);
      assert.equal(lenient.messaging.health().status, "yellow");
      await lenient.stop();
      await plain.publish(channel, t.item(1));
      const strict = await t.app({ channels: [channel], keys, channelConfig: { encrypt } });
      await strict.consume(channel, "main", seen.handle);
      await t.until(() => strict.eventsOf("dead-letter").length === 1, "the dead letter");
      assert.equal(strict.eventsOf("dead-letter")[0].code, "not-encrypted");
    },
  },
  {
    id: "D-stored",
    clause,
    title: "a message over the limit is stored elsewhere and arrives whole; one that fits is not",
    run: async (t) => {
      const extras = new Extras();
      const { claimCheck } = extrasOf(extras);
      const channel = t.channel();
      const app = await t.app({ channels: [channel], channelConfig: { claimCheck } });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      const big = "x".repeat(t.caps.maxMessageBytes);
      await app.publishAll(channel, [t.item(0, { big }), t.item(1)]);
      await t.until(() => seen.ids.length === 2, "both");
      assert.equal(seen.of(0)[0]!.data.big.length, big.length);
      assert.equal(extras.stored, 1);
    },
  },
  {
    id: "D-stored-in-order",
    clause,
    title: "messages of a key stay in order while some of them are stored elsewhere",
    needs: ordered,
    run: async (t) => {
      const extras = new Extras();
      const { claimCheck, keys, encrypt } = extrasOf(extras);
      const channel = t.channel();
      const app = await t.app({
        channels: [channel],
        keys,
        channelConfig: { encrypt, claimCheck: { ...claimCheck, above: "2KiB" } },
      });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      const big = "x".repeat(3_000);
      const sent = range(20).map((n) => app.publish(channel, t.item(n, { k: "one", ...(n % 3 === 0 ? { big } : {}) })));
      await Promise.all(sent);
      await t.until(() => seen.ids.length === 20, "all");
      assert.deepEqual(seen.numbers, range(20));
      assert.equal(extras.stored, 7);
    },
  },
  {
    id: "D-stored-is-gone",
    clause,
    title: "a message whose stored body is gone is a dead letter with claim-missing, and its neighbours are handled",
    needs: deadLetters,
    run: async (t) => {
      const extras = new Extras();
      const { claimCheck } = extrasOf(extras);
      const channel = t.channel();
      const app = await t.app({ channels: [channel], channelConfig: { claimCheck: { ...claimCheck, above: "1KiB" } } });
      const big = "x".repeat(2_000);
      await app.publishAll(channel, [t.item(0), t.item(1, { big }), t.item(2)]);
      extras.objects.clear();
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.ids.length === 2 && app.eventsOf("dead-letter").length === 1, "all three");
      assert.equal(app.eventsOf("dead-letter")[0].code, "claim-missing");
    },
  },
  {
    id: "D-unavailable",
    clause,
    title:
      "messages that cannot be read now wait without using up attempts, and are handled as the first attempt afterwards",
    needs: pulls,
    run: async (t) => {
      const extras = new Extras();
      const { keys, encrypt } = extrasOf(extras);
      const channel = t.channel();
      const app = await t.app({ channels: [channel], keys, channelConfig: { encrypt }, retry: { attempts: 1 } });
      await app.publishAll(
        channel,
        range(3).map((n) => t.item(n)),
      );
      extras.available = false;
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => app.eventsOf("unreadable").length > 0, "a message that cannot be read");
      const refused = await rejected(app.publish(channel, t.item(9)), "a publish without keys");
      assert.deepEqual([refused.code, refused.kind], ["suite-unavailable", "retryable"]);
      assert.notEqual(app.messaging.health().status, "green");
      extras.available = true;
      await t.until(() => seen.ids.length === 3, "all once the keys are back");
      assert.deepEqual(
        seen.seen.map(({ attempt }) => attempt),
        [1, 1, 1],
      );
      assert.equal(app.eventsOf("dead-letter").length, 0);
    },
  },
  {
    id: "D-given-up",
    clause,
    title:
      "a message that cannot be read for as long as its error allows is a dead letter, and those that can be read are handled",
    needs: deadLetters,
    run: async (t) => {
      const extras = new Extras();
      const { claimCheck } = extrasOf(extras);
      const channel = t.channel();
      const app = await t.app({ channels: [channel], channelConfig: { claimCheck: { ...claimCheck, above: "1KiB" } } });
      await app.publishAll(channel, [t.item(0, { big: "x".repeat(2_000) }), t.item(1)]);
      extras.available = false;
      extras.giveUpAfterMs = 500;
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.ids.length === 1 && app.eventsOf("dead-letter").length === 1, "both");
      assert.equal(app.eventsOf("dead-letter")[0].code, "suite-unavailable");
      assert.equal(app.messaging.health().status, "green");
    },
  },
  {
    id: "D-opened-bytes",
    clause,
    title: "bodies are opened only as far as they fit into maxInFlightBytes",
    run: async (t) => {
      const extras = new Extras();
      const { claimCheck } = extrasOf(extras);
      const channel = t.channel();
      const size = 20_000;
      const app = await t.app({
        channels: [channel],
        channelConfig: { claimCheck: { ...claimCheck, above: "1KiB" } },
        groups: { main: { maxInFlightBytes: "32KiB", maxInFlight: 20, concurrency: 10 } },
      });
      await app.publishAll(
        channel,
        range(10).map((n) => t.item(n, { big: "x".repeat(size) })),
      );
      const seen = t.recorder(() => t.sleep(20));
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.done.length === 10, "all");
      assert.equal(seen.mostRunning, 1, "two bodies of 20 kB were open at once in 32 KiB");
    },
  },
  {
    id: "D-all-steps",
    clause,
    title:
      "compression, encryption and the claim check together: what was published is what is handled, in batches too",
    run: async (t) => {
      const extras = new Extras();
      const { keys, encrypt, claimCheck } = extrasOf(extras);
      const channel = t.channel();
      const app = await t.app({
        channels: [channel],
        keys,
        channelConfig: {
          compress: { above: "1KiB", with: "gzip" },
          encrypt,
          claimCheck: { ...claimCheck, above: "3KiB" },
        },
      });
      const datas = range(12).map((n) => t.item(n, { text: noise(n, n * 1_500), flat: "a".repeat(n * 500) }));
      await app.publishAll(channel, datas);
      const got = new Map<number, unknown>();
      await app.consumeBatches(channel, "main", (batch) => {
        for (const { data } of batch) got.set(data.n, data);
        t.changed();
      });
      await t.until(() => got.size === 12, "all");
      for (const data of datas) assert.deepEqual(got.get(data.n), data);
      assert.ok(extras.stored > 0 && extras.stored < 12, `${extras.stored} were stored`);
    },
  },
  {
    id: "D-read-without-configuration",
    clause,
    title:
      "a consumer reads compressed messages although its own channel does not compress; encrypted ones become dead letters",
    needs: deadLetters,
    run: async (t) => {
      const extras = new Extras();
      const { keys, encrypt } = extrasOf(extras);
      const channel = t.channel();
      const compressing = await t.app({
        channels: [channel],
        channelConfig: { compress: { above: "1KiB", with: "brotli" } },
      });
      const encrypting = await t.app({ channels: [channel], keys, channelConfig: { encrypt } });
      const plain = await t.app({ channels: [channel] });
      await compressing.publish(channel, t.item(0, { big: "b".repeat(5_000) }));
      await encrypting.publish(channel, t.item(1));
      const seen = t.recorder();
      await plain.consume(channel, "main", seen.handle);
      await t.until(() => seen.ids.length === 1 && plain.eventsOf("dead-letter").length === 1, "both");
      assert.equal(seen.of(0)[0]!.data.big.length, 5_000);
      assert.equal(plain.eventsOf("dead-letter")[0].code, "encryption-not-configured");
    },
  },
  {
    id: "D-codec",
    clause,
    title: "a codec's bytes and its media type travel, and the codec reads them; what it cannot read is a dead letter",
    needs: deadLetters,
    run: async (t) => {
      const codec = {
        contentType: "application/vnd.suite",
        encode: (data: unknown) => Buffer.from(`suite ${JSON.stringify(data)}`),
        decode: (body: Uint8Array) => JSON.parse(Buffer.from(body).toString().slice("suite ".length)),
      };
      const channel = t.channel({ codec });
      const app = await t.app({ channels: [channel] });
      const broken = t.channel({ name: channel.name, codec: { ...codec, encode: () => Buffer.from("garbage") } });
      const other = await t.app({ channels: [broken] });
      await app.publish(channel, t.item(0, { text: "漢" }));
      await other.publish(broken, t.item(1));
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.ids.length === 1 && app.eventsOf("dead-letter").length === 1, "both");
      assert.equal(seen.of(0)[0]!.data.text, "漢");
      assert.equal(app.eventsOf("dead-letter")[0].code, "invalid-message");
    },
  },
];
