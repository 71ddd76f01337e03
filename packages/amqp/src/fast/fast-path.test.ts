/** The short ways give what the long ones give. */
import { EventEmitter } from "node:events";
import fc from "fast-check";
import { expect, test } from "vitest";
import { gather, spread } from "../message/cloud-events.ts";
import { gatherWrites } from "./gather-writes.ts";
import { gatherUsual, spreadUsual } from "./fast-path-event.ts";
import { UsualHeaders } from "./fast-path-headers.ts";

const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom('"', "\\", "\u2028", "\ud800"));

test("usual attributes become the same headers, and the same text again, as any attributes do", () => {
  fc.assert(
    fc.property(text, text, text, (id, source, time) => {
      const ce = JSON.stringify({ specversion: "1.0", id, source, time });
      const usual = spreadUsual(ce);
      // The long way leaves a text with this name in it as it is, wherever it stands.
      if (usual === undefined || ce.includes("__proto__")) return;
      // One more attribute, and it is not usual.
      const any = spread(`${ce.slice(0, -1)},"hop":1}`)!;
      expect({ ...usual.headers, cloudEvents_hop: 1 }).toEqual(any.headers);
      expect(usual).toMatchObject({ id: any.id, contentType: any.contentType });
      expect(gatherUsual({ ...usual.headers, cloudEvents_type: "t" }, "application/json")).toBe(ce);
    }),
  );
});

test("what has anything to escape, another header or another content type is not usual", () => {
  const headers = {
    cloudEvents_specversion: "1.0",
    cloudEvents_id: "1",
    cloudEvents_source: "s",
    cloudEvents_time: "t",
  };
  expect(gatherUsual(headers, "application/json")).toBeDefined();
  expect(gatherUsual({ ...headers, cloudEvents_id: 'a"b' }, "application/json")).toBeUndefined();
  expect(gatherUsual({ ...headers, cloudEvents_id: 7 }, "application/json")).toBeUndefined();
  expect(gatherUsual({ ...headers, tenant: "x" }, "application/json")).toBeUndefined();
  expect(gatherUsual(headers, "text/plain")).toBeUndefined();
  expect(JSON.parse(gather({ ...headers, cloudEvents_id: 'a"b' }, "application/json")!)).toMatchObject({ id: 'a"b' });
});

test("headers that are used again hold nothing of the message before, nor what a tracer put there", () => {
  const usual = new UsualHeaders();
  const first = usual.of({ cloudEvents_id: "1", cloudEvents_partitionkey: "k", traceparent: "00" });
  expect({ ...first }).toMatchObject({ cloudEvents_id: "1", cloudEvents_partitionkey: "k", traceparent: "00" });
  first["x-trace"] = "mine";
  const second = usual.of({ cloudEvents_id: "2" });
  expect(Object.entries(second).filter(([, value]) => value !== undefined)).toEqual([["cloudEvents_id", "2"]]);
  expect(usual.of({ cloudEvents_id: "3", tenant: "x" })).toEqual({ cloudEvents_id: "3", tenant: "x" });
});

test("what is written in one turn leaves together at its end, what is written later does not wait for more", async () => {
  const said: string[] = [];
  const socket = {
    write: (bytes: string) => said.push(bytes) > 0,
    cork: () => void said.push("cork"),
    uncork: () => void said.push("uncork"),
  };
  gatherWrites(Object.assign(new EventEmitter(), { connection: { stream: socket } }) as never);
  socket.write("a");
  socket.write("b");
  await Promise.resolve();
  socket.write("c");
  await Promise.resolve();
  expect(said).toEqual(["cork", "a", "b", "uncork", "cork", "c", "uncork"]);
});
