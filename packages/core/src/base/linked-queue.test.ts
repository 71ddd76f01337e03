import { expect, test } from "vitest";
import { type Linked, LinkedQueue } from "./linked-queue.ts";
import { seededRandom } from "../testing/random.ts";

class One implements Linked<One> {
  next: One | undefined = undefined;
}

test("does what an array does, whatever the order of its calls", () => {
  const random = seededRandom(11);
  const line = new LinkedQueue<One>();
  let model: One[] = [];
  // Long and empty in turn: what is likelier changes every thousand steps.
  for (let step = 0; step < 20_000; step++) {
    const grows = Math.floor(step / 1_000) % 2 === 0 ? 0.7 : 0.3;
    if (random() < 0.001) {
      expect(line.drain()).toEqual(model);
      model = [];
    } else if (random() < grows) {
      const one = new One();
      if (random() < 0.7) {
        line.push(one);
        model.push(one);
      } else {
        line.unshift(one);
        model.unshift(one);
      }
    } else expect(line.shift()).toBe(model.shift());
    expect(line.size).toBe(model.length);
    expect(line.peek()).toBe(model[0]);
  }
  expect(model.length).toBeGreaterThan(0);
});

test("who has left holds nobody, and may come again", () => {
  const line = new LinkedQueue<One>();
  const [first, second] = [new One(), new One()];
  line.push(first);
  line.push(second);
  expect(line.shift()).toBe(first);
  expect(first.next).toBeUndefined();
  line.push(first);
  expect(line.drain()).toEqual([second, first]);
  expect([first.next, second.next, line.size, line.peek()]).toEqual([undefined, undefined, 0, undefined]);
});

test("an item cannot be in the queue twice", () => {
  const line = new LinkedQueue<One>();
  const [first, second] = [new One(), new One()];
  line.push(first);
  line.push(second);
  for (const one of [first, second]) {
    expect(() => line.push(one)).toThrow(/already in a queue/);
    expect(() => line.unshift(one)).toThrow(/already in a queue/);
  }
  expect(line.drain()).toEqual([first, second]);
});
