/** A service on memory, as a process of its own: says what it does, one word a line; drains when it is told to stop. */
import { channel, connect, consumer } from "@switchyard/core";
import { type } from "arktype";

const [, , mode = "drains"] = process.argv;
const jobs = channel("jobs", { messages: { job: type({ n: "number" }), report: type({ n: "number" }) } });
const say = (what: string) => process.stdout.write(`${what}\n`);

const messaging = await connect({
  channels: [jobs],
  service: "drain",
  config: { drain: "10m", channels: { jobs: { model: "queue", on: "memory", groups: { work: { concurrency: 1 } } } } },
});
messaging.consume(
  consumer(jobs, "work", {
    job: async ({ n }, delivery) => {
      say("began");
      if (mode === "never ends") {
        await new Promise<void>((resolve) => delivery.signal.addEventListener("abort", () => resolve()));
        return say("aborted");
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
      // A handler that drains may still publish.
      await messaging.publish(jobs, "report", { n });
      say("handled");
    },
    report: () => {},
  }),
);
const running = messaging.run();
await messaging.start();
await messaging.publishMany(
  jobs,
  [1, 2].map((n) => ({ type: "job" as const, data: { n } })),
);
say(JSON.stringify(await running));
