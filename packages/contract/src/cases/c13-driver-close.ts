/** Drivers that are closed, or whose receives are aborted, while they work. */
import type { ContractCase } from "../case.ts";
import { all, assert, notLog, numberOf, pulls, range, sorted, wire, within } from "./kit.ts";

const clause = "C13";

export const cases: readonly ContractCase[] = [
  {
    id: "C13-driver-close-while-receiving",
    clause,
    title: "closing a receiver ends its running receive without loss",
    needs: pulls,
    hold: "ends",
    run: async (t) => {
      const seam = await t.seam();
      const reader = await seam.reader();
      const lease = await reader.lease();
      const receiving = lease.receive(10, 20_000, t.signal).then(
        (got) => got?.length ?? 0,
        () => 0,
      );
      await t.sleep(50);
      await within(t, 15_000, reader.close(), "close");
      assert.equal(await within(t, 15_000, receiving, "the running receive"), 0);
      await seam.send(range(3).map((n) => wire(t, n)));
      const next = await (await t.open(seam.places)).reader();
      const taken = await next.take(3, { withinMs: 60_000 });
      assert.deepEqual(sorted(taken.map(numberOf)), range(3));
    },
  },
  {
    id: "C13-driver-close-twice",
    clause,
    title: "closing repeatedly or concurrently is harmless, for senders, receivers and connections",
    needs: pulls,
    run: async (t) => {
      const seam = await t.seam();
      const sender = await seam.sender();
      const reader = await seam.reader();
      await reader.lease();
      await Promise.all([reader.driver.close(), reader.driver.close(), sender.close(), sender.close()]);
      await reader.driver.close();
      await seam.connection.close();
      await seam.connection.close();
      const again = await t.open(seam.places);
      await again.send([wire(t, 1)]);
      assert.equal((await (await again.reader()).take(1, { withinMs: 60_000 })).length, 1);
    },
  },
  {
    id: "C13-driver-abort-loses-nothing",
    clause,
    title: "aborting receives while messages come loses none: what was read is given, the rest stays",
    needs: all(pulls, all(notLog)),
    hold: "ends",
    run: async (t) => {
      const seam = await t.seam();
      const reader = await seam.reader();
      const lease = await reader.lease();
      const sender = await seam.sender();
      const got: number[] = [];
      for (const round of range(6)) {
        const abort = new AbortController();
        const receiving = lease.receive(10, 1_000, abort.signal);
        const sending = seam.send([wire(t, round * 2), wire(t, round * 2 + 1)], sender);
        // Aborts at once, a tick later or some milliseconds later: before, while or after the messages are read.
        if (round % 3 === 1) await Promise.resolve();
        if (round % 3 === 2) await t.sleep(round);
        abort.abort();
        const taken = (await receiving) ?? [];
        got.push(...taken.map((delivery) => numberOf({ lease, delivery, at: 0 })));
        if (taken.length > 0) {
          await lease.settle(
            taken.map(({ receipt }) => ({ receipt, action: "ack" as const })),
            t.signal,
          );
        }
        await sending;
      }
      const rest = await reader.take(12 - got.length, { withinMs: t.holdMs + 20_000 });
      assert.deepEqual(sorted([...got, ...rest.map(numberOf)]), range(12));
    },
  },
];
