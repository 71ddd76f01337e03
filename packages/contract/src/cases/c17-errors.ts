import type { Phase } from "@switchyard/core/driver";
import type { ContractCase } from "../case.ts";
import { assert, published, pulls, rejected } from "./kit.ts";

const clause = "C17";

const PHASES: readonly Phase[] = ["open", "send", "receive", "settle", "extend", "topology"];

const KINDS = ["retryable", "throttled", "ambiguous", "permanent", "auth", "config", "closed", "lost"];

export const cases: readonly ContractCase[] = [
  {
    id: "C17-classify-never-throws",
    clause,
    title: "the driver classifies every error: an unknown one is ambiguous while sending, otherwise retryable",
    needs: pulls,
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
    id: "C17-classify-tells-no-secret",
    clause,
    title: "what the driver says of an error holds nothing of the request and the settings that a client hung on it",
    needs: pulls,
    run: async (t) => {
      const { connection } = await t.seam();
      const secret = "s3cr3t-of-the-client";
      for (const name of ["Error", "ThrottlingException", "AccessDenied", "InternalError"]) {
        const error = Object.assign(new Error("no"), {
          name,
          request: { headers: { authorization: `Bearer ${secret}` }, body: secret },
          input: { MessageBody: secret, ReceiptHandle: secret },
          config: { credentials: { secretAccessKey: secret }, password: secret },
        });
        for (const during of PHASES) {
          const { code, hint, where, said } = connection.classify(error, during);
          assert.ok(!JSON.stringify([code, hint, where, said]).includes(secret), `${name} during ${during}`);
        }
      }
    },
  },
  {
    id: "C17-one-error-class",
    clause,
    title:
      "errors are MessagingErrors with a kebab-case code, a kind, the channel, and a copy of the raw error as cause",
    run: async (t) => {
      const { control, via } = await t.faults();
      const channel = t.channel();
      const refused = async (timeout: "1s" | "15s") => {
        const app = await t.app({ channels: [channel], publish: { timeout }, ...via });
        control.next("send", "throttle");
        const error = await rejected(app.publish(channel, t.item(1)), "a throttled publish");
        control.heal();
        return error;
      };
      let error = await refused("1s");
      // A broker that had not answered by then has given no cause.
      if (error.cause === undefined) error = await refused("15s");
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
    clause,
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
];
