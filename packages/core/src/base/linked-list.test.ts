import { expect, test } from "vitest";
import { type Listed, LinkedList } from "./linked-list.ts";
import { seededRandom } from "../testing/random.ts";

class One implements Listed<One> {
  older: One | undefined = undefined;
  newer: One | undefined = undefined;
}

test("does what a set does, whatever the order of its calls", () => {
  const random = seededRandom(7);
  const list = new LinkedList<One>();
  const model = new Set<One>();
  const left: One[] = [];
  for (let step = 0; step < 5_000; step++) {
    const grows = Math.floor(step / 500) % 2 === 0 ? 0.7 : 0.3;
    if (random() < grows) {
      const one = new One();
      list.add(one);
      model.add(one);
    } else {
      const one = [...model][Math.floor(random() * model.size)];
      if (one === undefined) continue;
      expect(list.delete(one)).toBe(true);
      model.delete(one);
      left.push(one);
    }
    expect(list.size).toBe(model.size);
    expect(list.oldest).toBe([...model][0]);
  }
  expect([...list]).toEqual([...model]);
  for (const one of model) expect(list.has(one)).toBe(true);
  for (const one of left) expect([list.has(one), list.delete(one), one.newer]).toEqual([false, false, undefined]);
});

test("what leaves or comes while it is walked changes nothing of the walk", () => {
  const list = new LinkedList<One>();
  const [first, second] = [new One(), new One()];
  list.add(first);
  list.add(second);
  const seen: One[] = [];
  for (const one of list) {
    seen.push(one);
    list.delete(second);
    list.add(new One());
  }
  expect(seen).toEqual([first, second]);
});
