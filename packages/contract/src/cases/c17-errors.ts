import type { Phase } from "@switchyard/core/driver";
import type { ContractCase } from "../case.ts";
import { assert, noDelays, published, rejected, wire } from "./kit.ts";

const PHASES: readonly Phase[] = ["open", "send", "receive", "settle", "extend", "topology"];
const KINDS = ["retryable", "throttled", "ambiguous", "permanent", "auth", "config", "closed", "lost"];

export const cases: readonly ContractCase[] = [
  {
    id: "C17-classify-never-throws",
    clause: "C17",
    title: "the driver names every error: what it does not know is ambiguous while sending, else retryable",
    run: async (t) => {
      const { connection } = await t.seam();
      const odd = [
        new Error("who knows"),
        undefined,
        null,
        "text",
        42,
        {},
        Object.assign(new Error("x"), { name: "NeverHeardOf" }),
      ];
      for (const during of PHASES) {
        for (const cause of odd) {
          const fault = connection.classify(cause, during);
          assert.equal(fault.kind, during === "send" ? "ambiguous" : "retryable", `${typeof cause} during ${during}`);
          assert.match(fault.code, /^[a-z0-9]+(-[a-z0-9]+)*$/);
        }
      }
    },
  },
  {
    id: "C17-one-error-class",
    clause: "C17",
    title: "errors are MessagingErrors with a kebab-case code, a kind, the channel, and the raw error as cause",
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], publish: { timeout: "1s" }, ...via });
      control.next("send", "throttle");
      const error = await rejected(app.publish(channel, t.item(1)), "a throttled publish");
      control.heal();
      assert.equal(error.name, "MessagingError");
      assert.ok((error as unknown) instanceof Error);
      assert.match(error.code, /^[a-z0-9]+(-[a-z0-9]+)*$/);
      assert.ok(KINDS.includes(error.kind));
      assert.equal(error.channel, channel.name);
      assert.ok(error.cause !== undefined);
    },
  },
  {
    id: "C17-no-body-in-errors-or-events",
    clause: "C17",
    title: "neither errors nor events hold a message's body or headers",
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const app = await t.app({ channels: [channel], publish: { timeout: "1s" }, retry: { attempts: 1 }, ...via });
      const secret = "s3cr3t-value";
      control.next("send", "throttle");
      const error = await rejected(
        app.publish(channel, t.item(1, { secret }), { headers: { token: secret } }),
        "a throttled publish",
      );
      control.heal();
      await app.consume(channel, "main", () => {
        throw new TypeError("no");
      });
      await published(t, app, channel, t.item(2, { secret }), { headers: { token: secret } });
      await t.until(() => app.eventsOf("dead-letter").length >= 1, "the dead letter");
      assert.ok(!`${error.message} ${JSON.stringify(error)}`.includes(secret));
      assert.ok(!JSON.stringify(app.events).includes(secret));
    },
  },
  {
    id: "C18-undeclared-needs-refused",
    clause: "C18",
    title: "each need the transport does not declare is refused at connect, by name, all at once",
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
    clause: "C18",
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
    clause: "C18",
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
    clause: "C18",
    title: "an explicit form that cannot keep an ordering key is refused at connect",
    needs: (_caps, harness) => (harness.ordered ? undefined : "ordering: none (these channels have no ordering key)"),
    run: async (t) => {
      const error = await rejected(t.app({ channels: [t.channel()], channelConfig: { form: "standard" } }), "connect");
      assert.equal(error.kind, "config");
    },
  },
  {
    id: "C18-two-groups-on-a-queue",
    clause: "C18",
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
    clause: "C18",
    title: "what the opened driver declares is no worse than what the adapter declared without I/O",
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
