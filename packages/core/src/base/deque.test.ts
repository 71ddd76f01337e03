import { expect, test } from "vitest";
import { Deque } from "./deque.ts";
import { seededRandom } from "../testing/random.ts";

test("does what an array does, whatever the order of its calls", () => {
  const random = seededRandom(7);
  const deque = new Deque<number>();
  let model: number[] = [];
  // Grows over several chunks, empties, grows again: what is likelier changes every thousand steps.
  for (let step = 0; step < 20_000; step++) {
    const grows = Math.floor(step / 1_000) % 2 === 0 ? 0.7 : 0.3;
    if (random() < 0.001) {
      expect(deque.drain()).toEqual(model);
      model = [];
    } else if (random() < grows) {
      if (random() < 0.7) {
        deque.push(step);
        model.push(step);
      } else {
        deque.unshift(step);
        model.unshift(step);
      }
    } else expect(deque.shift()).toBe(model.shift());
    expect(deque.size).toBe(model.length);
    expect(deque.peek()).toBe(model[0]);
    const index = Math.floor(random() * (model.length + 2)) - 1;
    expect(deque.at(index)).toBe(model[index]);
  }
  expect([...deque]).toEqual(model);
  deque.clear();
  expect([deque.size, deque.peek(), deque.shift(), deque.at(0)]).toEqual([0, undefined, undefined, undefined]);
});
