/**
 * A publisher or a consumer as a process of its own, with telemetry on and OpenTelemetry's SDK exporting by OTLP. The consumer fails the
 * first job once and the second until it is a dead letter, which it then redrives.
 *
 * Environment: `ROLE` (`publish` or `consume`), `SDK` (the module that starts it), `OTLP` (a URL), `MODEL`, `CONNECTION` (JSON), `STAGE`.
 */
const { ROLE, SDK = "", OTLP = "", MODEL, CONNECTION = "{}", STAGE } = process.env;
const { tracer, flush } = (await import(SDK)).start(OTLP);
const { channel, connect, consumer } = await import("@switchyard/core");
const { otel } = await import("@switchyard/otel");
const { type } = await import("arktype");

const jobs = channel("jobs", { messages: { job: type({ n: "number" }) } });
const dead = Promise.withResolvers();
const messaging = await connect({
  channels: [jobs],
  service: ROLE === "publish" ? "shop" : "worker",
  observe: (event) => {
    if (event.type === "dead-letter") dead.resolve();
  },
  telemetry: otel(),
  config: {
    prefix: STAGE,
    drain: "3s",
    connections: { it: { ...JSON.parse(CONNECTION), provision: "auto" } },
    channels: {
      jobs: { model: MODEL, on: "it", groups: { work: {} }, ...(MODEL === "stream" ? { partitions: 1 } : {}) },
    },
    policies: { default: { retry: { attempts: 2, first: "10ms", max: "10ms" } } },
  },
});

/** Publishes a job in a span of the application's. */
const checkout = (n) =>
  tracer.startActiveSpan(`checkout ${n}`, async (span) => {
    await messaging.publish(jobs, "job", { n });
    span.end();
  });

if (ROLE === "publish") {
  // One after the other, so that no two share a call of the broker.
  for (const n of [1, 2]) await checkout(n);
} else {
  const handled = { 1: Promise.withResolvers(), 2: Promise.withResolvers() };
  let redriving = false;
  messaging.consume(
    consumer(jobs, "work", {
      job: async ({ n }, { attempt }) => {
        if (n === 1 ? attempt === 1 : !redriving) throw new Error("not yet");
        handled[n]?.resolve();
      },
    }),
  );
  await messaging.start();
  process.stdout.write("ready\n");
  await Promise.all([handled[1].promise, dead.promise]);
  redriving = true;
  const { moved } = await messaging.deadLetters(jobs, "work").redrive();
  if (moved !== 1) throw new Error(`moved: ${moved}`);
  await handled[2].promise;
}
await messaging.stop();
await flush();
process.exit(0);
