import type { ContractCase } from "../case.ts";
import { all, assert, log, numberOf, pulls, range, replays, signal, sorted, wire } from "./kit.ts";

const clause = "stream";

export const cases: readonly ContractCase[] = [
  {
    id: "S-replay-earliest",
    clause,
    title: "a group that starts at earliest gets the existing records, in order",
    needs: all(log, replays("earliest")),
    run: async (t) => {
      const seam = await t.seam({ groups: ["early"] });
      await seam.send(range(8).map((n) => wire(t, n)));
      const taken = await (await seam.reader("early", { start: "earliest" })).take(8);
      assert.deepEqual(taken.map(numberOf), range(8));
    },
  },
  {
    id: "S-ended-receive-loses-nothing",
    clause,
    title: "records that an ended receive was about to return come with a later receive, however late",
    needs: all(pulls, log),
    run: async (t) => {
      const seam = await t.seam();
      const reader = await seam.reader();
      await reader.lease();
      const seen: number[] = [];
      const sent: Promise<unknown>[] = [];
      for (const n of range(24)) {
        const gone = new AbortController();
        const receives = reader.leases.map((lease) =>
          lease.receive(10, 5_000, gone.signal).then((got) => (got ?? []).map((delivery) => ({ delivery }))),
        );
        sent.push(seam.send([wire(t, n)]));
        // Ends at a different moment each time: before the message is there, while it is fetched, and after.
        await t.sleep((n * 7) % 60);
        gone.abort();
        for (const got of await Promise.all(receives)) seen.push(...got.map((one) => numberOf(one as never)));
        // No receive is called now, and the ones under way end.
        await t.sleep(60);
      }
      await Promise.all(sent);
      seen.push(...(await reader.take(24 - seen.length)).map(numberOf));
      assert.deepEqual(sorted(seen), range(24));
    },
  },
  {
    id: "S-latest",
    clause,
    title:
      "a group that starts at latest gets what comes after its start only, also when it crashes before its first checkpoint",
    needs: all(log, replays("latest")),
    run: async (t) => {
      const seam = await t.seam({ groups: ["late"] });
      await seam.send([wire(t, 0)]);
      const reader = await seam.reader("late", { start: "latest" });
      assert.deepEqual(await reader.once(10, 500), []);
      await seam.send([wire(t, 1)]);
      assert.deepEqual((await reader.take(1)).map(numberOf), [1]);
      const lease = await reader.lease();
      await lease.release("stopping", signal());
      await reader.close();
      await seam.send([wire(t, 2)]);
      const again = await (await t.open(seam.places)).reader("late", { start: "latest" });
      assert.deepEqual((await again.take(2)).map(numberOf), [1, 2]);
    },
  },
  {
    id: "S-seek-time",
    clause,
    title: "a group moved back to a time gets every record since then",
    needs: all(log, replays("time")),
    run: async (t) => {
      const seam = await t.seam();
      await seam.send([wire(t, 0), wire(t, 1)]);
      await t.sleep(3_000);
      const time = t.runtime.now();
      await t.sleep(1_000);
      await seam.send([wire(t, 2), wire(t, 3)]);
      const reader = await seam.reader();
      const taken = await reader.take(4);
      await reader.settle(taken.slice(-1));
      await (await reader.lease()).release("drained", signal());
      await reader.close();
      await seam.connection.seek!(seam.places.groups["main"]!, { time }, signal());
      const again = await (await t.open(seam.places)).reader();
      assert.deepEqual((await again.take(2)).map(numberOf), [2, 3]);
    },
  },
  {
    id: "S-seek-position",
    clause,
    title: "positions rise, and a group moved to a position gets its record and all later ones again",
    needs: all(log, replays("at")),
    run: async (t) => {
      const seam = await t.seam();
      await seam.send(range(5).map((n) => wire(t, n)));
      const reader = await seam.reader();
      const taken = await reader.take(5);
      const positions = taken.map(({ delivery }) => delivery.position);
      assert.ok(positions.every((position) => typeof position === "string"));
      assert.equal(new Set(positions).size, 5);
      await reader.settle(taken.slice(-1));
      await (await reader.lease()).release("drained", signal());
      await reader.close();
      await seam.connection.seek!(seam.places.groups["main"]!, { at: positions[3]! }, signal());
      const again = await (await t.open(seam.places)).reader();
      assert.deepEqual((await again.take(2)).map(numberOf), [3, 4]);
    },
  },
  {
    id: "S-seek-earliest",
    clause,
    title: "a group moved back to earliest replays everything",
    needs: all(log, replays("earliest")),
    run: async (t) => {
      const seam = await t.seam();
      await seam.send(range(4).map((n) => wire(t, n)));
      const reader = await seam.reader();
      const taken = await reader.take(4);
      await reader.settle(taken.slice(-1));
      await (await reader.lease()).release("drained", signal());
      await reader.close();
      await seam.connection.seek!(seam.places.groups["main"]!, "earliest", signal());
      const again = await (await t.open(seam.places)).reader();
      assert.deepEqual((await again.take(4)).map(numberOf), range(4));
    },
  },
  {
    id: "S-resume-at-the-checkpoint",
    clause,
    title: "a new holder starts right after the last record that was settled",
    needs: all(pulls, log),
    run: async (t) => {
      const seam = await t.seam();
      await seam.send(range(6).map((n) => wire(t, n)));
      const reader = await seam.reader();
      const taken = await reader.take(6);
      const outcomes = await reader.settle([taken[2]!]);
      assert.deepEqual(outcomes, [undefined]);
      await (await reader.lease()).release("stopping", signal());
      await reader.close();
      const again = await (await t.open(seam.places)).reader();
      assert.deepEqual((await again.take(3)).map(numberOf), [3, 4, 5]);
    },
  },
  {
    id: "S-trimmed-position",
    clause,
    title: "a position past retention is reported as lost, and reading continues at the oldest record left",
    needs: all(log, (_caps, harness) =>
      harness.native?.trim === undefined && !("advance" in harness.runtime())
        ? "the harness cannot trim, and its time is real"
        : undefined,
    ),
    run: async (t) => {
      const seam = await t.seam();
      await seam.send(range(4).map((n) => wire(t, n)));
      const reader = await seam.reader();
      const taken = await reader.take(2);
      await reader.settle(taken.slice(-1));
      await (await reader.lease()).release("stopping", signal());
      await reader.close();
      if (t.harness.native?.trim === undefined) await t.sleep(t.caps.retentionMs + 60_000);
      await seam.send([wire(t, 4), wire(t, 5)]);
      await t.harness.native?.trim?.(seam.places.to, 2);
      const later = await t.open(seam.places);
      const again = await (await later.reader()).take(2);
      assert.deepEqual(again.map(numberOf), [4, 5]);
      assert.ok(later.events.some((event) => event.type === "position-lost"));
    },
  },
];
