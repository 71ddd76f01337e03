/** Members of a group that come and go: what one leaves, another handles. */
import type { ContractCase } from "../case.ts";
import { range } from "./kit.ts";

const clause = "C13";

export const cases: readonly ContractCase[] = [
  {
    id: "C13-stop-under-load-loses-nothing",
    clause,
    title: "stopping and taking over under load loses nothing",
    run: async (t) => {
      const channel = t.channel();
      const seen = t.recorder(() => t.sleep(5));
      const publisher = await t.app({ channels: [channel] });
      const ids = await publisher.publishAll(
        channel,
        range(80).map((n) => t.item(n)),
      );
      const first = await t.app({ channels: [channel] });
      await first.consume(channel, "main", seen.handle);
      await t.until(() => seen.done.length >= 10, "some");
      const second = await t.app({ channels: [channel] });
      await Promise.all([first.stop(), second.consume(channel, "main", seen.handle)]);
      await t.until(() => new Set(seen.done.map((one) => one.id)).size === ids.length, "every message", 60_000);
    },
  },
  {
    id: "C13-many-come-and-go-at-once",
    clause,
    title: "many members that start and stop at the same time lose nothing: a later one gets all that is left",
    run: async (t) => {
      const channel = t.channel();
      const publisher = await t.app({ channels: [channel] });
      const seen = t.recorder(() => t.sleep(10));
      const members = await Promise.all(range(6).map(() => t.app({ channels: [channel], drain: "1s" })));
      const publishing = publisher.publishAll(
        channel,
        range(60).map((n) => t.item(n)),
      );
      await Promise.all(
        members.map(async (member, n) => {
          await member.consume(channel, "main", seen.handle);
          await t.sleep(n * 20);
          await member.stop();
        }),
      );
      const ids = await publishing;
      const last = await t.app({ channels: [channel] });
      await last.consume(channel, "main", seen.handle);
      await t.until(() => new Set(seen.done.map((one) => one.id)).size === ids.length, "every message", 60_000);
    },
  },
  {
    id: "C13-stop-right-after-start",
    clause,
    title: "a member stopped right after its start withholds no message from the next one",
    run: async (t) => {
      const channel = t.channel();
      const publisher = await t.app({ channels: [channel] });
      const ids = await publisher.publishAll(
        channel,
        range(5).map((n) => t.item(n)),
      );
      const seen = t.recorder();
      for (let i = 0; i < 3; i++) {
        const member = await t.app({ channels: [channel], drain: "1s" });
        await member.consume(channel, "main", seen.handle);
        await member.stop();
      }
      const last = await t.app({ channels: [channel] });
      await last.consume(channel, "main", seen.handle);
      await t.until(() => new Set(seen.done.map(({ id }) => id)).size === ids.length, "every message", 90_000);
    },
  },
];
