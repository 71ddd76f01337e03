import { expect, test, vi } from "vitest";
import type { Handling, TelemetrySession } from "../api/telemetry.ts";
import { Watch } from "./probe.ts";

const place = { connection: "main", transport: "memory", channel: "c", group: "g", destination: "c_g", dead: false };
const probeOf = (session: TelemetrySession) => new Watch(session).at(place);
const handling = (run: Handling["run"]) => probeOf({ handling: () => ({ run, ended: () => {} }) }).handling([], false)!;

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
])("a session that %s: the handler runs once, and its result counts", (_name, run) => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  let calls = 0;
  expect(handling(run as Handling["run"]).run(() => ++calls)).toBe(1);
  expect(calls).toBe(1);
  said.mockRestore();
});

test("a trace context that is not well-formed is not carried", () => {
  const carried = (traceparent: string) =>
    probeOf({ publishing: () => ({ trace: { traceparent }, ended: () => {} }) }).publishing({ id: "1", type: "t" })
      ?.trace;
  const right = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  expect([carried(right), carried("mine\r\nx: y")]).toEqual([{ traceparent: right }, undefined]);
});
