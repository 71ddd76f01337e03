/**
 * A function for tests: what its handler does is in the messages. It writes what it does to the file LOG, a line each. Its process ends
 * at the first event that is named in DIES_AT.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { adapter } from "@switchyard/aws";
import { channel, consumer, MessagingError } from "@switchyard/core";
import { lambda, type LambdaHandler } from "@switchyard/lambda";
import { z } from "zod";

const env = process.env as Record<string, string>;
const data = z.object({ n: z.number(), k: z.string().optional(), act: z.enum(["die", "hang", "fail"]).optional() });
const say = (text: string): void => appendFileSync(env["LOG"]!, `${process.pid} ${text}\n`);

const jobs = channel("jobs", {
  messages: { job: data },
  ...(env["KEYED"] === undefined
    ? {}
    : { orderingKey: ({ data }: { data: { k?: string | undefined } }) => data.k ?? "none" }),
});

const work = consumer(jobs, "work", {
  job: async ({ n, act }, { attempt, signal }) => {
    say(`begin ${n} attempt ${attempt}`);
    signal.addEventListener("abort", () => say(`abort ${n}`), { once: true });
    if (act === "die") process.exit(3);
    if (act === "fail") throw new Error("no");
    // Nothing ends it: it stands still while the sandbox is frozen, and goes on when that is thawed.
    if (act === "hang") await new Promise((resolve) => setTimeout(resolve, 2_500));
    say(`end ${n}`);
  },
});

export const handler: LambdaHandler = lambda({
  channels: [jobs],
  service: "worker",
  consumers: [work],
  config: JSON.parse(env["CONFIG"]!) as object,
  adapters: [adapter],
  margin: env["MARGIN"] ?? "500ms",
  overrun: env["OVERRUN"] === "exit" ? "exit" : "answer",
  observe: (event) => {
    const first = !readFileSync(env["LOG"]!, "utf8").includes(` event ${event.type}`);
    const kind = "error" in event && event.error instanceof MessagingError ? ` ${event.error.kind}` : "";
    say(`event ${event.type}${kind}${"error" in event ? ` ${String(event.error)}` : ""}`);
    if (first && event.type === env["DIES_AT"]) process.exit(3);
  },
});
