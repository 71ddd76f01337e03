import { describe, expect, it } from "vitest";
import type { KeysExtension } from "../pipeline/index.ts";
import { base, orders, problems, resolve, uploads } from "../fixtures/adapters.ts";

const options = { "~standard": { version: 1 as const, vendor: "t", validate: (value: unknown) => ({ value }) } };
const open = () => Promise.reject(new Error("not opened here"));
const keys: KeysExtension = { kind: "keys", names: [], options, open };
const good = base().channels;
const config = (channels: object, more: object = {}) => ({
  ...base(),
  keys: { main: { use: keys } },
  channels: { ...good, ...channels },
  ...more,
});
const encrypt = { keys: "main" };

describe("the contexts that a channel may read", () => {
  it("are its own, and those of channels whose dead letters come to it, also if the code does not know them", async () => {
    const given = config(
      {
        orders: { ...good.orders, encrypt: { ...encrypt, context: "shop" } },
        invoices: { model: "queue", on: "aws", policy: "other", groups: { main: {} }, encrypt },
        letters: { model: "queue", on: "aws", policy: "own", groups: { main: { policy: "other" } } },
        "video-uploads": { ...good["video-uploads"], policy: "own", encrypt },
      },
      {
        policies: {
          default: { deadLetter: { channel: "video-uploads" } },
          other: { deadLetter: { channel: "video-uploads" } },
          own: { deadLetter: true },
        },
      },
    );
    const plan = await resolve(given, { channels: [uploads] });
    expect(plan.channels["video-uploads"]?.content?.encrypt?.contexts).toEqual(["video-uploads", "shop", "invoices"]);
  });

  it("are only its own where nothing points to it", async () => {
    const plan = await resolve(config({ orders: { ...good.orders, encrypt } }), { channels: [orders] });
    expect(plan.channels["orders"]?.content?.encrypt?.contexts).toEqual(["orders"]);
  });
});

describe("what cannot work is refused", () => {
  const at = "channels.orders.encrypt";
  const refused = (given: object) => problems(config({ orders: { ...good.orders, encrypt: given } }));

  it("keys that are missing or misspelt", async () => {
    expect(await refused({})).toEqual({
      [`${at}.keys`]: "missing; set it to the name of an entry of keys; keys: main",
    });
    expect(await refused({ keys: "mian" })).toEqual({
      [`${at}.keys`]: 'no entry "mian" in keys; keys: main. Did you mean "main"?',
    });
  });

  it("accept: optional without an end, and an end without it", async () => {
    expect(Object.keys(await refused({ ...encrypt, accept: "optional" }))).toEqual([`${at}.accept`]);
    expect(Object.keys(await refused({ ...encrypt, until: "2027-01-01" }))).toEqual([`${at}.until`]);
  });

  it("compression without a coding, and a claim check without a store", async () => {
    expect(await problems(config({ orders: { ...good.orders, compress: {}, claimCheck: {} } }))).toEqual({
      "channels.orders.compress.with": "missing; set it to brotli, gzip or zstd",
      "channels.orders.claimCheck.store":
        "missing; set it to s3, folder, memory, or the full name of another package or file",
    });
  });
});
