/** What the tests of inboxes share: pools that fail where a test asks for it, and processes that hang there until they are killed. */
import type { ClientLike } from "@switchyard/inbox";
import { channel, type ConfigInput } from "@switchyard/core";
import { adapter as sqs } from "@switchyard/sqs";
import { z } from "zod";
import type pg from "pg";

/** The steps of a message with `exactly`, by the statement that ends with them. */
export type Step = "connected" | "begun" | "marked" | "committed" | "rolled back";

const stepOf = (text: string): Step | undefined => {
  if (text === "begin") return "begun";
  if (text === "commit") return "committed";
  if (text === "rollback") return "rolled back";
  return text.startsWith("insert into switchyard_inbox") ? "marked" : undefined;
};

/** A pool that calls `before` and `after` around the steps of each of its connections. What they throw, the statement rejects with. */
export function stepping(
  pool: pg.Pool,
  { before, after }: { before?(step: Step): unknown; after?(step: Step): unknown },
): { connect(): Promise<ClientLike> } {
  return {
    connect: async () => {
      await before?.("connected");
      const client = await pool.connect();
      try {
        await after?.("connected");
      } catch (error) {
        client.release();
        throw error;
      }
      return {
        query: async (text: string, values?: any[]) => {
          const step = stepOf(text);
          if (step !== undefined) await before?.(step);
          const result = await client.query(text, values);
          if (step !== undefined) await after?.(step);
          return result;
        },
        release: (destroy?: boolean) => client.release(destroy),
      };
    },
  };
}

export const jobs = channel("jobs", { messages: { job: z.object({ n: z.int() }) } });
export const mails = channel("mails", { messages: { mail: z.object({ n: z.int() }) } });

/** Both channels on SQS, by default with holds that end soon after their process has died. */
export const configOf = (prefix: string, connection: object, hold = "3s"): ConfigInput =>
  ({
    prefix,
    connections: { aws: { use: sqs, provision: "auto", ...connection } },
    policies: { default: { retry: { attempts: 10, backoff: "constant", first: "200ms" } } },
    channels: {
      jobs: { model: "queue", on: "aws", groups: { work: { hold, concurrency: 1, maxInFlight: 1 } } },
      mails: { model: "queue", on: "aws", groups: { readers: {} } },
    },
  }) as unknown as ConfigInput;
