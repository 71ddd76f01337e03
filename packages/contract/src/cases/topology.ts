import type { ContractCase } from "../case.ts";
import { driverOptions } from "../driver-options.ts";
import { all, assert, exactly, pulls, rejected, signal, wire, within } from "./kit.ts";
import type { CaseContext } from "../case.ts";

const clause = "topology";

async function topologyOf(t: CaseContext) {
  const { adapter } = t.harness;
  const topology = await adapter.topology!(await driverOptions(adapter, t.harness.connection(t.prefix)), t.runtime);
  t.after(() => topology.close());
  return topology;
}

const planned = (_caps: unknown, harness: CaseContext["harness"]) =>
  harness.adapter.topology === undefined ? "the adapter has no topology" : undefined;

export const cases: readonly ContractCase[] = [
  {
    id: "T-plan-changes-nothing",
    clause,
    title: "plan says what is missing, dead letters included, and changes nothing",
    needs: planned,
    run: async (t) => {
      const topology = await topologyOf(t);
      const { all: destinations } = t.layout("planned", ["main"]);
      const first = await topology.plan(destinations, signal());
      assert.ok(first.changes.length >= 2, "the destination and its dead letters");
      assert.ok(first.changes.every((change) => change.action === "create" && change.summary !== ""));
      const second = await topology.plan(destinations, signal());
      assert.deepEqual(
        second.changes.map(({ action, resource, name }) => ({ action, resource, name })),
        first.changes.map(({ action, resource, name }) => ({ action, resource, name })),
      );
    },
  },
  {
    id: "T-apply-is-idempotent",
    clause,
    title: "after apply nothing is left to do, and applying again is harmless, even from two processes at once",
    needs: planned,
    run: async (t) => {
      const [one, two] = [await topologyOf(t), await topologyOf(t)];
      const { all: destinations } = t.layout("applied", ["main"]);
      const plans = await Promise.all([one.plan(destinations, signal()), two.plan(destinations, signal())]);
      await Promise.all([one.apply(plans[0]!, signal()), two.apply(plans[1]!, signal())]);
      assert.deepEqual((await one.plan(destinations, signal())).changes, []);
      await one.apply(await one.plan(destinations, signal()), signal());
      assert.deepEqual((await two.plan(destinations, signal())).changes, []);
    },
  },
  {
    id: "T-changed-attempts",
    clause,
    title:
      "a changed number of attempts never asks to recreate a destination, and a limit that is high enough is not a change",
    needs: planned,
    run: async (t) => {
      const topology = await topologyOf(t);
      const layout = (nativeAttempts: number) => t.layout("attempts", ["main"], { nativeAttempts }).all;
      await topology.apply(await topology.plan(layout(10), signal()), signal());
      const more = await topology.plan(layout(16), signal());
      assert.deepEqual(
        more.changes.filter(({ action }) => action === "destructive"),
        [],
      );
      await topology.apply(more, signal());
      assert.deepEqual((await topology.plan(layout(10), signal())).changes, []);
    },
  },
  {
    id: "T-destroy",
    clause,
    title: "destroy removes what apply made",
    needs: (caps, harness) => planned(caps, harness),
    run: async (t) => {
      const topology = await topologyOf(t);
      if (topology.destroy === undefined) return assert.equal(topology.destroy, undefined);
      const { all: destinations } = t.layout("destroyed", ["main"]);
      await t.provision(destinations);
      await topology.destroy(destinations, signal());
      const { changes } = await topology.plan(destinations, signal());
      assert.ok(changes.length >= 1 && changes.every((change) => change.action === "create"));
    },
  },
  {
    id: "T-missing-fails-on-use",
    clause,
    title: "a consumer whose destination is missing fails with a typed error and does not hang",
    needs: all(pulls, planned),
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], provision: "off" });
      const error = await within(
        t,
        20_000,
        rejected(
          app.consume(channel, "main", () => {}),
          "start",
        ),
        "start",
      );
      assert.equal(error.name, "MessagingError");
      assert.equal(error.kind, "config");
    },
  },
  {
    id: "T-verify-refuses",
    clause,
    title: "provision: verify refuses to start if there is a difference, and starts if there is none",
    needs: planned,
    run: async (t) => {
      const channel = t.channel();
      const error = await rejected(
        t.app({ channels: [channel], provision: "verify" }).then((app) => app.consume(channel, "main", () => {})),
        "start against missing topology",
      );
      assert.equal(error.kind, "config");
      await t.app({ channels: [channel] });
      const app = await t.app({ channels: [channel], provision: "verify" });
      const seen = t.recorder();
      await app.consume(channel, "main", seen.handle);
      await app.publish(channel, t.item(1));
      await exactly(t, () => seen.seen.length, 1, "the message");
    },
  },
  {
    id: "T-runtime-creates-nothing",
    clause,
    title: "with provision: off neither publishing nor consuming creates anything",
    needs: planned,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel], provision: "off", publish: { timeout: "2s" } });
      await rejected(app.publish(channel, t.item(1)), "a publish to nothing");
      await rejected(
        app.consume(channel, "main", () => {}),
        "a consumer of nothing",
      );
      const { all: destinations } = t.layout(channel.name, ["main"]);
      const { changes } = await (await topologyOf(t)).plan(destinations, signal());
      assert.ok(changes.length >= 2 && changes.every((change) => change.action === "create"));
    },
  },
  {
    id: "T-driver-missing",
    clause,
    title: "opening or using a missing destination fails as config in the driver's words",
    needs: all(pulls, planned),
    run: async (t) => {
      const seam = await t.seam({ provision: false });
      const using = (async () => {
        const sender = await seam.sender();
        const [sent] = await sender.send([wire(t, 1)], signal());
        if (!("id" in sent!)) throw sent!.cause;
      })();
      const cause = await within(t, 20_000, rejected(using, "sending to nothing"), "sending to nothing");
      assert.equal(seam.connection.classify(cause, "send").kind, "config");
      const reading = seam.reader().then((reader) => reader.take(1, { withinMs: 5_000 }));
      const other = await within(t, 20_000, rejected(reading, "reading from nothing"), "reading from nothing");
      assert.equal(seam.connection.classify(other, "receive").kind, "config");
    },
  },
  {
    id: "T-unlisted-group",
    clause,
    title: "a group that configuration does not list is refused",
    needs: pulls,
    run: async (t) => {
      const channel = t.channel();
      const app = await t.app({ channels: [channel] });
      const error = await rejected(
        app.consume(channel, "stray", () => {}),
        "a stray group",
      );
      assert.equal(error.code, "unlisted-group");
    },
  },
];
