import { expect, it } from "vitest";
import { Attempted, OpenedBytes, Reservation } from "./opened-bytes.ts";

const one = (opened: OpenedBytes, need = 0) => new Reservation(opened, new Attempted(), need);
const settled = async (waiting: void | Promise<void>): Promise<boolean> => {
  let done = false;
  void Promise.resolve(waiting).then(() => (done = true));
  for (let i = 0; i < 5; i++) await Promise.resolve();
  return done;
};

it("grants what fits, lets the rest wait in order, and one that is larger than all when nothing else is open", async () => {
  const opened = new OpenedBytes(100);
  const [first, second, third, huge] = [one(opened), one(opened), one(opened), one(opened)];
  expect(first.reserve(60)).toBeUndefined();
  const waiting = second.reserve(50);
  const behind = third.reserve(10);
  const last = huge.reserve(1_000);
  expect([await settled(waiting), await settled(behind)]).toEqual([false, false]);
  first.free();
  expect([await settled(waiting), await settled(behind), await settled(last)]).toEqual([true, true, false]);
  second.free();
  third.free();
  expect(await settled(last)).toBe(true);
});

it("refuses a second reservation that does not fit, so that two never wait for each other, and asks for all of it the next time", async () => {
  const opened = new OpenedBytes(100);
  const [one1, one2] = [one(opened), one(opened)];
  void one1.reserve(50);
  void one2.reserve(50);
  expect(() => one1.reserve(20)).toThrow(expect.objectContaining({ code: "no-room" }));
  one1.free();
  const again = one(opened, one1.need);
  const waiting = again.reserve(50);
  expect(await settled(waiting)).toBe(false);
  one2.free();
  expect(await settled(waiting)).toBe(true);
  // The second part was granted with the first.
  expect(again.reserve(20)).toBeUndefined();
});

it("lets a batch wait for its first message only; what does not fit beside it comes in a later batch", async () => {
  const opened = new OpenedBytes(100);
  const other = one(opened);
  void other.reserve(90);
  const batch = new Attempted();
  const [a, b, c] = [0, 1, 2].map(() => new Reservation(opened, batch, 0)) as [Reservation, Reservation, Reservation];
  const first = a.reserve(60);
  const second = Promise.resolve(b.reserve(30)).then(() => "fits");
  const third = Promise.resolve(c.reserve(30)).then(
    () => "fits",
    () => "no room",
  );
  expect(await settled(first)).toBe(false);
  other.free();
  expect([await second, await third]).toEqual(["fits", "no room"]);
});
