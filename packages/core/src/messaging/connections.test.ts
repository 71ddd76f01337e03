import { expect, test } from "vitest";
import { Connections } from "./connections.ts";
import type { Adapter, DriverEvent } from "../driver/index.ts";
import type { MessagingEvent } from "../api/events.ts";
import type { Plan } from "../plan/plan.ts";
import { virtualRuntime } from "../testing/virtual-runtime.ts";

async function opened() {
  let report!: (event: DriverEvent) => void;
  const adapter = {
    name: "scripted",
    open: async (_options: unknown, _runtime: unknown, given: (event: DriverEvent) => void) => {
      report = given;
      return { close: async () => {} };
    },
  } as unknown as Adapter;
  const events: MessagingEvent[] = [];
  const plan = { connections: { main: { name: "main", adapter, options: {} } } } as unknown as Plan;
  const connections = await Connections.open(plan, virtualRuntime(), (event) => void events.push(event));
  return { events, report, state: () => connections.health()["main"]!.state };
}

test("a part that answers again does not speak for the others, and the worst of what lasts is told", async () => {
  const { report, state } = await opened();
  report({ type: "down", id: "leases" });
  report({ type: "throttled", id: "shard" });
  expect(state()).toBe("down");
  report({ type: "up" });
  expect(state()).toBe("down");
  report({ type: "up", id: "leases" });
  expect(state()).toBe("throttled");
  report({ type: "up", id: "shard" });
  expect(state()).toBe("up");
});

test("a warning is an event, and leaves health as it is", async () => {
  const { report, state, events } = await opened();
  report({ type: "warning", id: "part" });
  expect(state()).toBe("up");
  expect(events).toMatchObject([{ type: "warning", level: "warn", connection: "main", lease: "part" }]);
});
