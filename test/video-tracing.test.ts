/** The example `video-encoding` with OTEL_EXPORTER_OTLP_ENDPOINT: what a receiver of OTLP is told of one upload, through a retry. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { type OtlpSpan, startOtlp } from "./support/otlp-receiver.ts";

const MAIN = new URL("../examples/video-encoding/src/main.ts", import.meta.url).pathname;
const QUEUE = "video-uploads";

const isLinkedTo = (span: OtlpSpan, { spanId, traceId }: OtlpSpan): boolean =>
  span.links.some((link) => link.spanId === spanId && link.traceId === traceId);

test("one trace leads from an upload through a failed attempt to its encoding", { timeout: 90_000 }, async () => {
  await using receiver = await startOtlp();
  const child = spawn(process.execPath, ["--conditions=@switchyard/source", MAIN, "--count", "10"], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...process.env,
      SWITCHYARD_PROFILE: "memory",
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.urlOf("video"),
    },
  });
  expect(await once(child, "exit")).toEqual([0, null]);
  const { spans, metrics } = receiver;
  const processed = spans.filter(({ name }) => name === `process ${QUEUE}`);
  const created = spans.filter(({ name }) => name === `create ${QUEUE}`);
  expect(created).toHaveLength(40);
  // The thread of one encoder is killed over a video, which is encoded at its second attempt.
  const failed = processed.filter(({ attributes }) => attributes["switchyard.outcome"] === "failed");
  expect(failed).toHaveLength(1);
  const [first] = failed as [OtlpSpan];
  const create = created.find(({ spanId }) => spanId === first.parentSpanId)!;
  expect(create).toMatchObject({ kind: 4, traceId: first.traceId });
  expect(first).toMatchObject({ kind: 5, status: 2, attributes: { "switchyard.attempt": 1 } });
  const later = processed.filter((span) => span !== first && isLinkedTo(span, create));
  const again = later.find(({ attributes }) => attributes["switchyard.attempt"] === 2);
  expect(again).toMatchObject({ kind: 5, status: 0, attributes: { "switchyard.outcome": "handled" } });
  // Every other upload is encoded in its own trace.
  for (const each of created)
    expect(processed.some((span) => span.traceId === each.traceId && isLinkedTo(span, each))).toBe(true);
  const names = ["messaging.process.duration", "switchyard.retries", "switchyard.backlog", "switchyard.in_flight"];
  expect([...metrics]).toEqual(expect.arrayContaining(names));
});
