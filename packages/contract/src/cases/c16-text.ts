import { gzipSync } from "node:zlib";
import type { ContractCase } from "../case.ts";
import { timed } from "../schema.ts";
import { all, assert, deadLetters, exactly, notLog, pulls, range, rejected, textOf, wire } from "./kit.ts";

const clause = "C16";

const points = (from: number, to: number): string =>
  String.fromCodePoint(...Array.from({ length: to - from + 1 }, (_, i) => from + i));

/** Text that is known to have broken a broker, an SDK or a JSON library. */

const HOSTILE: Readonly<Record<string, string>> = {
  empty: "",
  nul: "a\u0000b",
  "C0 controls": points(0, 0x1f),
  "DEL and C1 controls": points(0x7f, 0x9f),
  ASCII: points(0x20, 0x7e),
  "noncharacters U+FFFE U+FFFF": "\uFFFE\uFFFF",
  "other noncharacters": "\uFDD0\u{1FFFE}\u{10FFFF}",
  "byte order mark": "\uFEFFtext\uFEFF",
  "line separators": "\u2028\u2029\r\n\r\n",
  "beyond the BMP": "𝒳🚚👩‍👩‍👧‍👦",
  "right to left": "\u202Eابجد\u202C",
  "combining marks, not normalised": "e\u0301 é",
  "looks like an escape": "\\u0000 \\n %00 &amp; <![CDATA[ ]]> \\ud800",
  quotes: `"'\`\\/${"\\".repeat(5)}`,
  whitespace: " \t leading and trailing \t ",
  "looks like an envelope": '{"specversion":"1.0","id":"x","source":"y","type":"z","data":{}}',
  long: "x".repeat(10_000),
};

const BODIES: readonly unknown[] = [
  { deep: JSON.parse(`${"[".repeat(60)}1${"]".repeat(60)}`) },
  { numbers: [0, -0.5, 1e21, 1e-7, Number.MAX_SAFE_INTEGER, 123456789.125] },
  { empties: { a: "", b: [], c: {}, d: null, e: false, f: 0 } },
  { keys: { "": 1, "a.b": 2, "with space": 3, constructor: 4, toString: 5, "\u0000": 6, "💥": 7, prototype: 8 } },
  { texts: HOSTILE },
];

const jsonOf = (text: string): string =>
  JSON.stringify(text).replaceAll("\uFFFE", "\\ufffe").replaceAll("\uFFFF", "\\uffff");

export const cases: readonly ContractCase[] = [
  {
    id: "C16-hostile-bodies",
    clause,
    title: "hostile text and structure in bodies is delivered unchanged",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await app.publishAll(
        channel,
        BODIES.map((body, n) => t.item(n, { body })),
      );
      await t.until(() => seen.ids.length === BODIES.length, "all bodies");
      for (const [n, body] of BODIES.entries()) assert.deepEqual(seen.of(n)[0]!.data.body, body);
    },
  },
  {
    id: "C16-hostile-headers",
    clause,
    title: "hostile text in header values is delivered unchanged",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      const headers = Object.fromEntries(Object.values(HOSTILE).map((text, n) => [`x-${n}`, text.slice(0, 500)]));
      await app.publish(channel, t.item(1), { headers });
      await exactly(t, () => seen.seen.length, 1, "the message");
      assert.deepEqual({ ...seen.seen[0]!.headers }, headers);
    },
  },
  {
    id: "C16-header-names",
    clause,
    title: "header names outside a-z, 0-9 and - are refused, and so are values that are not strings",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const bad: Record<string, unknown>[] = [
        { Upper: "x" },
        { "with space": "x" },
        { "": "x" },
        { ü: "x" },
        { a_b: "x" },
        { ok: 1 },
        { ok: null },
      ];
      for (const headers of bad) {
        const error = await rejected(app.publish(channel, t.item(1), { headers }), JSON.stringify(headers));
        assert.deepEqual([error.code, error.kind], ["bad-header", "permanent"]);
      }
    },
  },
  {
    id: "C16-lone-surrogates",
    clause,
    title: "lone surrogates are refused on every transport, in bodies, headers, keys and ids",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const half = "a\ud800b";
      const tries: Promise<unknown>[] = [
        app.publish(channel, t.item(1, { text: half })),
        app.publish(channel, t.item(1, { [half]: 1 })),
        app.publish(channel, t.item(1), { headers: { x: half } }),
        app.publish(channel, t.item(1), { id: half }),
        ...(t.harness.ordered ? [app.publish(channel, { n: 1, k: half })] : []),
      ];
      for (const [n, attempt] of tries.entries()) assert.equal((await rejected(attempt, `try ${n}`)).kind, "permanent");
    },
  },
  {
    id: "C16-proto",
    clause,
    title: "__proto__ in a body cannot change a prototype: refused at the publisher, dropped from a foreign body",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const data = { ...t.item(1), inner: JSON.parse('{"__proto__":{"admin":true}}') };
      assert.equal((await rejected(app.publish(channel, data), "__proto__")).kind, "permanent");
      assert.equal(({} as { admin?: unknown }).admin, undefined);
    },
  },
  {
    id: "C16-what-json-cannot-carry",
    clause,
    title: "what JSON drops or changes is refused: Date, Map, bigint, NaN, undefined in an array, a cycle",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const cycle: Record<string, unknown> = {};
      cycle["self"] = cycle;
      for (const bad of [new Date(0), new Map(), 1n, Number.NaN, [undefined], () => 1, Symbol("s"), cycle]) {
        const error = await rejected(app.publish(channel, t.item(1, { bad })), typeof bad);
        assert.equal(error.kind, "permanent");
        assert.match(error.message, /bad/);
      }
    },
  },
  {
    id: "C16-input-on-the-wire",
    clause,
    title: "the wire carries the schema's input; the handler gets its output",
    run: async (t) => {
      const channel = t.channel({ messages: { item: timed } });
      const app = await t.app({ channels: [channel] });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, { at: "2026-01-02T03:04:05.000Z", k: "a" });
      await exactly(t, () => seen.seen.length, 1, "the message");
      assert.ok(seen.seen[0]!.data.at instanceof Date);
      assert.equal(seen.seen[0]!.data.at.toISOString(), "2026-01-02T03:04:05.000Z");
    },
  },
  {
    id: "C16-invalid-at-the-publisher",
    clause,
    title: "a message that does not fit its schema is refused at the publisher, naming the field",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const error = await rejected(app.publish(channel, { ...t.item(1), n: "one" }), "an invalid message");
      assert.deepEqual([error.code, error.kind], ["invalid-message", "permanent"]);
      assert.match(`${error.message} ${JSON.stringify(error.problems)}`, /\bn\b/);
    },
  },
  {
    id: "C16-driver-headers",
    clause,
    title: "headers observed: the driver carries as many as it declares, with hostile values, and the type in clear",
    needs: all(pulls, (caps) => (caps.headers === 0 ? "headers: 0" : undefined)),
    run: async (t) => {
      const seam = await t.seam();
      // Core writes header values as JSON, so that none is empty or contains a control character or U+FFFE.
      const texts = Object.values(HOSTILE).map((text) => jsonOf(text.slice(0, 300)));
      // Some brokers carry the type in a header too, so one is left free.
      const count = Math.min(t.caps.headers - 1, texts.length);
      const sent: Record<string, string>[] = [];
      for (let at = 0; at < texts.length; at += count) {
        sent.push(Object.fromEntries(texts.slice(at, at + count).map((text, n) => [`x-${n}`, text])));
      }
      await seam.send(sent.map((headers, n) => wire(t, n, { headers, type: "item.made" })));
      const taken = await (await seam.reader()).take(sent.length);
      for (const { delivery } of taken) {
        const { n } = JSON.parse(textOf(delivery.message.body));
        assert.deepEqual({ ...delivery.message.headers }, sent[n]);
        assert.equal(delivery.message.type, "item.made");
      }
    },
  },
  {
    id: "C16-driver-bodies",
    clause,
    title: "text bodies pass through the driver as they are, and bytes where binary is declared",
    needs: pulls,
    run: async (t) => {
      const seam = await t.seam();
      const bodies = Object.values(HOSTILE).map(jsonOf);
      await seam.send(bodies.map((body, n) => wire(t, n, { body })));
      const reader = await seam.reader();
      const taken = await reader.take(bodies.length);
      assert.deepEqual(taken.map(({ delivery }) => textOf(delivery.message.body)).sort(), [...bodies].sort());
      await reader.settle(taken);
      if (!t.caps.binary) return;
      const bytes = Uint8Array.from(range(256));
      await seam.send([wire(t, 0, { body: bytes })]);
      const [back] = await reader.take(1);
      assert.deepEqual(new Uint8Array(back!.delivery.message.body as Uint8Array), bytes);
    },
  },
  {
    id: "C16-foreign",
    clause,
    title: "a foreign message is delivered as foreign, validated like any other, with its raw data",
    run: async (t) => {
      const channel = t.channel({ foreign: "item" });
      const app = await t.app({ channels: [channel] });
      const { to } = t.layout(channel.name, ["main"]);
      const key = t.harness.ordered ? { key: "k1" } : {};
      await t.sendForeign(to, {
        body: '{"n":5,"__proto__":{"admin":true}}',
        ...(t.caps.headers > 0 ? { headers: { "x-tenant": "t-9" } } : {}),
        ...key,
      });
      await t.sendForeign(to, { body: '{"n":"five"}', ...key });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await exactly(t, () => seen.seen.length, 1, "the valid one");
      const [one] = seen.seen;
      assert.deepEqual([one!.foreign, one!.data.n, one!.type, one!.data.admin], [true, 5, "item", undefined]);
      if (t.caps.headers > 0) assert.equal(one!.headers["x-tenant"], "t-9");
      assert.ok(one!.delivery.raw !== undefined);
      const [copy] = await t.deadLetters(channel.name, "main", 1);
      assert.equal(copy!.dead?.code, "invalid-message");
    },
  },
  {
    id: "C16-foreign-header-names",
    clause,
    title: "headers of a foreign message are found under the name its producer wrote, and under its lower-case form",
    needs: (caps) => (caps.headers > 0 ? undefined : "headers: 0"),
    run: async (t) => {
      const names: unknown[] = [];
      const channel = t.channel({
        foreign: ({ headers }: any) => {
          names.push([headers["eventType"], headers["eventtype"], "EVENTTYPE" in headers, "other" in headers]);
          return headers["eventType"] === "ItemPlaced" ? "item" : undefined;
        },
      });
      const app = await t.app({ channels: [channel] });
      const { to } = t.layout(channel.name, ["main"]);
      const key = t.harness.ordered ? { key: "k1" } : {};
      await t.sendForeign(to, { body: '{"n":5}', headers: { eventType: "ItemPlaced" }, ...key });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await exactly(t, () => seen.seen.length, 1, "the message");
      assert.deepEqual(names[0], ["ItemPlaced", "ItemPlaced", true, false]);
      assert.deepEqual(
        Object.keys(seen.seen[0]!.headers).filter((name) => /eventtype/i.test(name)),
        ["eventtype"],
      );
    },
  },
  {
    id: "C16-foreign-codings",
    clause,
    title:
      "a foreign body is decoded as it declares: gzip, a charset, a byte order mark; the dead letter says what could not be decoded",
    needs: (caps) => (caps.headers > 1 ? undefined : `headers: ${caps.headers}`),
    run: async (t) => {
      const channel = t.channel({ foreign: "item" });
      const app = await t.app({ channels: [channel] });
      const { to } = t.layout(channel.name, ["main"]);
      const key = t.harness.ordered ? { key: "k1" } : {};
      const seam = await t.open({ to, groups: {}, all: [to] });
      // Where the broker carries only text, encoded bytes are sent as base64.
      const carried = (bytes: Uint8Array) => (t.caps.binary ? bytes : Buffer.from(bytes).toString("base64"));
      const json = "application/json";
      const zipped = gzipSync('{"n":1,"note":"zipped"}');
      await seam.send([
        { body: carried(zipped), headers: { "content-encoding": "gzip", "content-type": json }, ...key },
      ]);
      await t.sendForeign(to, { body: '\uFEFF{"n":2,"note":"marked"}', ...key });
      if (t.caps.binary) {
        const latin1 = Buffer.from('{"n":3,"note":"café"}', "latin1");
        const headers = { "content-type": `${json}; charset=iso-8859-1` };
        await seam.send([{ body: latin1, headers, ...key }]);
      }
      const expected = t.caps.binary ? ["1 zipped", "2 marked", "3 café"] : ["1 zipped", "2 marked"];
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await exactly(t, () => seen.seen.length, expected.length, "what can be read");
      assert.deepEqual(seen.seen.map(({ data }: any) => `${data.n} ${data.note}`).sort(), expected);
      const headers = { "content-encoding": "compress", "content-type": json };
      await seam.send([{ body: carried(zipped), headers, ...key }]);
      const [copy] = await t.deadLetters(channel.name, "main", 1);
      assert.match(copy!.dead!.reason, /content-encoding "compress" is not known/);
    },
  },
  {
    id: "C16-hostile-numbers",
    clause,
    title:
      "a hop and attempts at the limit of what numbers can hold: the dead letter can still be read, under the same id",
    needs: deadLetters,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], retry: { attempts: 1 } });
      const { to } = t.layout(channel.name, ["main"]);
      const hops = ["9007199254740991", "1e300"];
      for (const hop of hops) {
        const times = '"firstat":"2026-01-01T00:00:00.000Z","lastat":"2026-01-01T00:00:00.000Z"';
        const dead = `{"reason":"","code":"","attempts":1e999,"channel":"c","group":"g",${times}}`;
        const key = t.harness.ordered ? { key: "k1" } : {};
        const body = `{"specversion":"1.0","id":"of-${hop}","source":"/other","type":"item","hop":${hop},"dead":${JSON.stringify(dead)},"data":{"n":1}}`;
        await t.sendForeign(to, { body, ...key });
      }
      await app.consume(channel, "main", () => {
        throw new Error("refused");
      });
      const copies = await t.deadLetters(channel.name, "main", hops.length);
      assert.deepEqual(copies.map(({ id }) => id).sort(), hops.map((hop) => `of-${hop}`).sort());
      for (const { hop, dead } of copies) {
        assert.ok(Number.isSafeInteger(hop + 1), `hop ${hop}`);
        assert.equal(dead?.attempts, 1);
      }
    },
  },
  {
    id: "C16-group-named-by-a-stranger",
    clause,
    title: "a foreign togroup header does not lose a message on a queue, which only its own group reads",
    needs: notLog,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const { to } = t.layout(channel.name, ["main"]);
      const key = t.harness.ordered ? { key: "k1" } : {};
      await t.sendForeign(to, {
        body: '{"specversion":"1.0","id":"named","source":"/other","type":"item","togroup":"somebody","data":{"n":1}}',
        ...key,
      });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await t.until(() => seen.seen.length >= 1, "the message");
      assert.deepEqual(seen.ids, ["named"]);
    },
  },
  {
    id: "C16-foreign-unnamed",
    clause,
    title:
      "a foreign message without a type, and one that is not JSON, become dead letters at once, with their bodies unchanged",
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const { to } = t.layout(channel.name, ["main"]);
      const key = t.harness.ordered ? { key: "k1" } : {};
      const bodies = ['{"n":5}', "not json at all", '{"specversion":"1.0","id":""}'];
      for (const body of bodies) await t.sendForeign(to, { body, ...key });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      const copies = await t.deadLetters(channel.name, "main", bodies.length);
      assert.equal(seen.seen.length, 0);
      for (const copy of copies) assert.equal(copy.dead?.attempts, 1);
    },
  },
];
