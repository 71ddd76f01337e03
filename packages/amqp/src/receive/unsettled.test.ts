import { expect, test } from "vitest";
import type { Channel } from "../client/channel.ts";
import { type Receipt, Unsettled } from "./unsettled.ts";

function delivered(count: number): { all: Unsettled; receipts: Receipt[]; written: string[] } {
  const written: string[] = [];
  const ack = ({ fields }: { fields: { deliveryTag?: number } }, allUpTo?: boolean) =>
    void written.push(`${allUpTo === true ? "up to " : ""}${fields.deliveryTag}`);
  const channel = { raw: { ack } } as unknown as Channel;
  const all = new Unsettled();
  const receipts = Array.from({ length: count }, (_, at): Receipt => {
    const message = { content: Buffer.alloc(0), fields: { deliveryTag: at + 1 }, properties: {} };
    const receipt = { channel, message, failures: 0, returned: 0, out: false, deadline: 0 };
    all.arrived(receipt);
    return receipt;
  });
  for (const receipt of receipts) all.handOut(receipt);
  return { all, receipts, written };
}

test("one acknowledgement stands for all up to the first that is to stay, and for none beyond it", () => {
  const { all, receipts, written } = delivered(6);
  const [a, b, c, , e] = receipts as [Receipt, Receipt, Receipt, Receipt, Receipt, Receipt];
  all.ack(new Set([c, a, e, b]));
  expect(written).toEqual(["up to 3", "5"]);
  expect(all.out).toBe(2);
});

test("what is kept until the channel closes is never acknowledged with others", () => {
  const { all, receipts, written } = delivered(3);
  const [a, b, c] = receipts as [Receipt, Receipt, Receipt];
  all.keep(a);
  all.ack(new Set([b, c]));
  expect(written).toEqual(["2", "3"]);
  expect(all.out).toBe(0);
});

test("what is not handed out holds an acknowledgement back, until it is settled itself", () => {
  const { all, receipts, written } = delivered(3);
  const [a, b, c] = receipts as [Receipt, Receipt, Receipt];
  all.ack(new Set([b]));
  all.settled(a);
  all.ack(new Set([c]));
  expect(written).toEqual(["2", "3"]);
});

test("what the channel refuses to take stays unsettled", () => {
  const { all, receipts } = delivered(2);
  const ack = () => {
    throw new Error("Channel closed");
  };
  const channel = { raw: { ack } };
  for (const receipt of receipts) Object.assign(receipt, { channel });
  expect(() => all.ack(new Set(receipts))).toThrow("Channel closed");
  expect(all.out).toBe(2);
});
