/**
 * A program with OpenTelemetry's own instrumentation of the AWS SDK and of amqplib, as a process of its own: they patch modules
 * as these are loaded. In each place three publishers publish in one tick, each in a span of its own; what arrives is printed as JSON.
 *
 * Environment: `WORLD` (the module that registers an SDK and instrumentations), `TELEMETRY` (any value: our own spans, too), `PLACES` (JSON:
 * of each its `model` and `connection`), `STAGE`, and what the connections need.
 */
const { PLACES, STAGE, CONTROL, TELEMETRY, WORLD } = process.env;
const { context, ended, ROOT_CONTEXT, SpanKind, trace } = await import(WORLD);

// Only now: what is instrumented is loaded after the instrumentation.
const { channel, connect, consumer } = await import("@switchyard/core");
const { type } = await import("arktype");
const { otel } = await import("@switchyard/otel");

const tracer = trace.getTracer("test");
const jobs = channel("jobs", { messages: { job: type({ n: "number" }), reply: type({ n: "number" }) } });
const places = Object.entries(JSON.parse(PLACES));

const open = ([name, { model, connection }]) =>
  connect({
    channels: [jobs],
    service: "traced",
    observe: () => {},
    ...(TELEMETRY === undefined ? {} : { telemetry: otel() }),
    config: {
      prefix: `${STAGE}-${name}`,
      drain: "3s",
      connections: { it: { ...connection, provision: "auto" } },
      channels: { jobs: { model, on: "it", groups: { work: {} }, ...(model === "stream" ? { partitions: 1 } : {}) } },
    },
  });

const idOf = (header) => header?.split("-")[1];

/** What arrived in a place, and the traces of its publishers. */
async function story(messaging) {
  const carried = {};
  const active = {};
  const replies = {};
  const done = Promise.withResolvers();
  messaging.consume(
    consumer(jobs, "work", {
      job: async ({ n }, { traceparent }) => {
        carried[n] = idOf(traceparent);
        active[n] = trace.getActiveSpan()?.spanContext().traceId;
        // A span of the user's own, in the handler: it must be recorded, and not under somebody else's trace.
        await tracer.startActiveSpan("in handler", async (span) => {
          await messaging.publish(jobs, "reply", { n });
          span.end();
        });
      },
      reply: ({ n }, { traceparent }) => {
        replies[n] = idOf(traceparent);
        if (Object.keys(replies).length === 3) done.resolve();
      },
    }),
  );
  // Started inside a span, as a bootstrap is: what it starts must not stay in it.
  await tracer.startActiveSpan("bootstrap", async (span) => {
    await messaging.start();
    span.end();
  });
  const expected = {};
  await Promise.all(
    [1, 2, 3].map((n) =>
      context.with(ROOT_CONTEXT, () =>
        tracer.startActiveSpan(`publish ${n}`, async (span) => {
          expected[n] = span.spanContext().traceId;
          await messaging.publish(jobs, "job", { n });
          span.end();
        }),
      ),
    ),
  );
  await done.promise;
  return { expected, carried, active, replies };
}

const opened = await Promise.all(places.map(open));
// What `connect()` provisions may have its spans.
ended.length = 0;
const stories = await Promise.all(opened.map(story));
// amqplib's instrumentation has a span of its own for each message that arrives, in that message's trace, until it is acknowledged.
const ours = ["test", "@switchyard/otel"];
const beside = ended.filter(({ scope, kind }) => !ours.includes(scope) && kind !== SpanKind.CONSUMER).length;
// The instrumentation does work here: a call past us makes a span.
await control();
await Promise.all(opened.map((messaging) => messaging.stop()));
process.stdout.write(
  JSON.stringify({ beside, stories: Object.fromEntries(places.map(([name], i) => [name, stories[i]])) }),
);

async function control() {
  const before = ended.length;
  if (CONTROL === "amqp") {
    const amqp = await import("amqplib");
    const connection = await amqp.connect(places[0][1].connection.url);
    const raw = await connection.createChannel();
    const { queue } = await raw.assertQueue("", { exclusive: true });
    raw.sendToQueue(queue, Buffer.from("x"));
    await connection.close();
  } else {
    const { SQSClient, ListQueuesCommand } = await import("@aws-sdk/client-sqs");
    const client = new SQSClient({});
    await client.send(new ListQueuesCommand({})).catch(() => undefined);
    client.destroy();
  }
  if (ended.length === before) throw new Error("the instrumentation does nothing here");
}
