import type { ContractCase } from "../case.ts";
import { assert, noDelays, pulls, rejected, wire } from "./kit.ts";

const clause = "C18";

export const cases: readonly ContractCase[] = [
  {
    id: "C18-undeclared-needs-refused",
    clause,
    title: "all needs that the transport does not declare are refused at connect together, by name",
    needs: (caps, harness) => {
      const all = caps.fairness && caps.replay.length > 0 && caps.delayedPublishMs > 0;
      return all ? `fairness, replay and delay are all declared (${harness.name})` : undefined;
    },
    run: async (t) => {
      const lacking = {
        ...(noDelays(t.caps, t.harness) === undefined ? { delay: "5s" } : {}),
        ...(t.caps.fairness ? {} : { fairness: true }),
        ...(t.caps.replay.length > 0 ? {} : { replay: true }),
      };
      const error = await rejected(t.app({ channels: [t.channel({ needs: lacking })] }), "connect");
      assert.equal(error.kind, "config");
      const said = `${error.message} ${JSON.stringify(error.problems)}`;
      for (const need of Object.keys(lacking)) assert.match(said, new RegExp(need));
    },
  },
  {
    id: "C18-declared-needs-accepted",
    clause,
    title: "each need the transport declares is accepted at connect",
    run: async (t) => {
      const needs = {
        ...(t.caps.delayedPublishMs > 0 ? { delay: t.caps.delayedPublishMs } : {}),
        ...(t.caps.fairness ? { fairness: true } : {}),
        ...(t.caps.replay.length > 0 ? { replay: true } : {}),
        messageBytes: t.caps.maxMessageBytes - 8_192,
      };
      const channel = t.channel({ needs });
      const app = await t.app({ channels: [channel] });
      assert.equal(app.messaging.explain().channels[channel.name].model, t.harness.model);
    },
  },
  {
    id: "C18-message-bytes-refused",
    clause,
    title: "a channel that needs larger messages than the transport takes is refused at connect",
    run: async (t) => {
      const error = await rejected(
        t.app({ channels: [t.channel({ needs: { messageBytes: t.caps.maxMessageBytes * 2 } })] }),
        "connect",
      );
      assert.equal(error.kind, "config");
    },
  },
  {
    id: "C18-ordering-refused-where-not-kept",
    clause,
    title: "an explicit form that cannot keep an ordering key is refused at connect",
    needs: (_caps, harness) => (harness.ordered ? undefined : "ordering: none (these channels have no ordering key)"),
    run: async (t) => {
      const error = await rejected(t.app({ channels: [t.channel()], channelConfig: { form: "standard" } }), "connect");
      assert.equal(error.kind, "config");
    },
  },
  {
    id: "C18-two-groups-on-a-queue",
    clause,
    title: "two groups on a queue are refused at connect",
    needs: (_caps, harness) =>
      harness.model === "queue" ? undefined : `model: ${harness.model} (any number of groups)`,
    run: async (t) => {
      const error = await rejected(t.app({ channels: [t.channel()], groups: { one: {}, two: {} } }), "connect");
      assert.equal(error.kind, "config");
    },
  },
  {
    id: "C18-opened-is-no-worse",
    clause,
    title: "the opened driver declares no less than the adapter declared without I/O",
    needs: pulls,
    run: async (t) => {
      const seam = await t.seam();
      const [sender, reader] = [await seam.sender(), await seam.reader()];
      for (const opened of [sender.capabilities, reader.driver.capabilities]) {
        assert.deepEqual(Object.keys(opened).sort(), Object.keys(t.caps).sort());
        assert.ok(opened.maxMessageBytes >= t.caps.maxMessageBytes);
        for (const field of [
          "ordering",
          "holdExtend",
          "releaseWithoutPenalty",
          "attempts",
          "settleResult",
          "fairness",
          "redrive",
          "purge",
          "depth",
        ] as const) {
          assert.deepEqual(opened[field], t.caps[field], field);
        }
        for (const field of ["publishDedupMs", "delayedPublishMs", "retryDelayMs", "headers"] as const)
          assert.ok(opened[field] >= t.caps[field], field);
      }
      await seam.send([wire(t, 1)], sender);
    },
  },
];
