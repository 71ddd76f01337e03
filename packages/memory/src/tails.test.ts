import { expect, test } from "vitest";
import { brokerOf } from "./broker/registry.ts";
import { bench, bodies, none, stream, text } from "./fixtures/bench.ts";

test("a tail that saw a record in one partition waits in no other", async () => {
  const of = stream({ partitions: 4 });
  const bed = await bench([of]);
  const { partitions } = [...brokerOf(bed.settings)!.logs.values()][0]!;
  const waiting = () => [...partitions.values()].map(({ waiters }) => waiters.size);
  const tail = await bed.connection.tails!.open(of, { start: "latest", expiresAt: 0 }, none);
  for (const body of ["a", "b"]) {
    const reading = tail.read(none);
    expect(waiting()).toEqual([1, 1, 1, 1]);
    await bed.send(of, text(body, { key: "k" }));
    expect(bodies((await reading) as never)).toEqual([body]);
    expect(waiting()).toEqual([0, 0, 0, 0]);
  }
  const over = new AbortController();
  const last = tail.read(over.signal);
  over.abort();
  expect(await last).toEqual([]);
  expect(waiting()).toEqual([0, 0, 0, 0]);
  await bed.runtime.advance(0);
});
