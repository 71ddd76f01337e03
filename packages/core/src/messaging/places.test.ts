import { describe, expect, it, vi } from "vitest";
import { MessagingError } from "../api/errors.ts";
import type { PlacesOptions } from "../api/place.ts";
import type { Adapter, Connection } from "../driver/index.ts";
import { aws, base, orders, resolve, uploads } from "../fixtures/adapters.ts";
import { virtualRuntime } from "../testing/virtual-runtime.ts";
import { placesOf, planPlaces } from "./places.ts";
import { destinationsOf } from "./provision.ts";

const never = new AbortController().signal;
const HERE = { account: "123456789012", region: "eu-west-1" };
const refuse = (code: string) => new MessagingError(code, "no", { kind: "config" });
const missing = (name: string): Connection["place"] => {
  return async (of) => (of.name === name ? Promise.reject(refuse("queue-not-found")) : HERE);
};

async function asking(place: Connection["place"]) {
  const plan = await resolve(base(), { channels: [orders, uploads] });
  const close = vi.fn<() => Promise<void>>(async () => {});
  const classify = () => ({ kind: "auth", code: "access-denied", hint: "allow sqs:GetQueueAttributes" });
  const connection = { close, classify, ...(place && { place }) } as unknown as Connection;
  const adapter: Adapter = { ...aws, open: async () => connection };
  const runtime = virtualRuntime();
  const parts = { plan, connections: { get: () => connection }, runtime, closed: never };
  return {
    close,
    of: (channel: string, options: PlacesOptions = {}) => placesOf(parts, plan.channels[channel]!, options),
    ofPlan: () => {
      const destinations = destinationsOf(plan, "aws");
      return planPlaces({ connection: { ...plan.connections["aws"]!, adapter }, destinations }, runtime, never);
    },
  };
}

describe("where a channel is", () => {
  it("is asked for each part, and can be asked for some", async () => {
    const { of } = await asking(async () => HERE);
    const names = (places: readonly { part: string; address: string }[]) =>
      places.map(({ part, address }) => `${part} ${address}`);
    expect(names(await of("orders"))).toEqual([
      "channel dev_orders.fifo",
      ...["group dev_orders_billing.fifo", "deadLetters dev_orders_billing_dead.fifo"],
      ...["group dev_orders_analytics.fifo", "deadLetters dev_orders_analytics_dead.fifo"],
    ]);
    expect(await of("orders", { group: "billing", parts: ["deadLetters"] })).toEqual([
      {
        ...{ part: "deadLetters", group: "billing", connection: "aws" },
        ...{ address: "dev_orders_billing_dead.fifo", ...HERE },
      },
    ]);
    // A queue is that of its group.
    expect(names(await of("video-uploads", { parts: ["channel", "group"] }))).toEqual([
      "group dev_video-uploads_encoder",
    ]);
    await expect(of("orders", { parts: ["queue" as never] })).rejects.toMatchObject({ code: "bad-option" });
    await expect(of("orders", { group: "nobody" })).rejects.toMatchObject({ kind: "config" });
  });

  it("is not known of what is not there, and of a transport that does not say", async () => {
    const { of } = await asking(missing("dev_video-uploads_encoder"));
    expect(await of("video-uploads")).toMatchObject([{ missing: true }, HERE]);
    expect((await of("video-uploads"))[0]).not.toHaveProperty("account");
    const silent = await asking(undefined);
    expect(await silent.of("video-uploads", { parts: ["group"] })).toEqual([
      { part: "group", group: "encoder", connection: "aws", address: "dev_video-uploads_encoder" },
    ]);
  });

  it("is refused by another account, and by missing rights in the driver's words", async () => {
    const wrong = await asking(() => Promise.reject(refuse("wrong-account")));
    await expect(wrong.of("orders")).rejects.toMatchObject({ code: "wrong-account" });
    const denied = await asking(() => Promise.reject(new Error("no")));
    await expect(denied.of("orders")).rejects.toMatchObject({ code: "access-denied", kind: "auth" });
  });
});

describe("where a plan would be applied", () => {
  it("is one answer of each model, of something that is there", async () => {
    const { ofPlan, close } = await asking(missing("dev_orders"));
    expect(await ofPlan()).toEqual([
      { connection: "aws", address: "dev_orders_billing.fifo", ...HERE },
      { connection: "aws", address: "dev_video-uploads_encoder", ...HERE },
    ]);
    expect(close).toHaveBeenCalledOnce();
  });

  it("closes the connection after an error, too", async () => {
    const { ofPlan, close } = await asking(() => Promise.reject(refuse("wrong-account")));
    await expect(ofPlan()).rejects.toMatchObject({ code: "wrong-account" });
    expect(close).toHaveBeenCalledOnce();
  });
});
