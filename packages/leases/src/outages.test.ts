import type { DriverEvent } from "@switchyard/core/driver";
import { expect, test } from "vitest";
import { Outages } from "./outages.ts";

test("one trouble for the store and one for the source, over when nothing of it fails", () => {
  const events: DriverEvent[] = [];
  const { seen } = new Outages("g", (event) => void events.push(event));
  const down = (what: "store" | "source", doing: string) =>
    seen({ type: "down", what, doing, code: "failed", cause: new Error(doing) });
  const up = (what: "store" | "source", doing: string) => seen({ type: "up", what, doing });
  down("store", "a");
  down("store", "b");
  down("source", "c");
  up("store", "a");
  expect(events.map(({ type, id }) => [type, id])).toEqual([
    ["down", "leases of g"],
    ["down", "shards of g"],
  ]);
  up("store", "b");
  up("source", "c");
  expect(events.slice(2).map(({ type, id }) => [type, id])).toEqual([
    ["up", "leases of g"],
    ["up", "shards of g"],
  ]);
});

test("closed, it ends what it told and tells no more", () => {
  const events: DriverEvent[] = [];
  const outages = new Outages("g", (event) => void events.push(event));
  outages.seen({ type: "down", what: "store", doing: "a", code: "failed", cause: undefined });
  outages.close();
  outages.seen({ type: "down", what: "store", doing: "a", code: "failed", cause: undefined });
  expect(events.map(({ type }) => type)).toEqual(["down", "up"]);
});
