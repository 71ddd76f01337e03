import { expect, test, vi } from "vitest";
import type { Handling, MessageTrace, TelemetrySession } from "../api/telemetry.ts";
import { carriedBy, Watch } from "./probe.ts";

const place = { connection: "main", transport: "memory", channel: "c", group: "g", destination: "c_g", dead: false };
const probeOf = (session: TelemetrySession) => new Watch(session).at(place);
function run<T>(by: Handling["run"], call: () => T): T {
  const probe = probeOf({ handling: () => ({ run: by, ended: () => {} }) });
  return probe.run(probe.handling([], false)!, call);
}

test.each([
  [
    "throws before it calls the handler",
    () => {
      throw new Error("broken");
    },
  ],
  [
    "throws after it has called the handler",
    (call: () => unknown) => {
      call();
      throw new Error("broken");
    },
  ],
  ["does not call the handler", () => undefined as never],
  ["returns something else", (call: () => unknown) => (call(), "else") as never],
])("a session that %s: the handler runs once, and its result counts", (_name, by) => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  let calls = 0;
  expect(run(by as Handling["run"], () => ++calls)).toBe(1);
  expect(calls).toBe(1);
  said.mockRestore();
});

test("a trace context that is not well-formed is not carried", () => {
  const carried = (trace: MessageTrace) => carriedBy({ trace, ended: () => {} });
  const right = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` };
  expect(carried(right)).toBe(right);
  expect(carried({ ...right, tracestate: "a=1\r\nx: y" })).toEqual(right);
  expect(carried({ traceparent: "mine\r\nx: y" })).toBeUndefined();
});
