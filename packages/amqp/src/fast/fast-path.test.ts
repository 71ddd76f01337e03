/** The short ways give what the long ones give. */
import { EventEmitter } from "node:events";
import fc from "fast-check";
import { expect, test } from "vitest";
import { gather, spread } from "../message/cloud-events.ts";
import { gatherWrites } from "./gather-writes.ts";
import { gatherPlain, spreadPlain } from "./fast-path-event.ts";
import { ReusedHeaders } from "./fast-path-headers.ts";

const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom('"', "\\", "\u2028", "\ud800"));

test("plain attributes become the same headers, and the same text again, as in the general code", () => {
  fc.assert(
    fc.property(text, text, text, (id, source, time) => {
      const ce = JSON.stringify({ specversion: "1.0", id, source, time });
      const plain = spreadPlain(ce);
      // The general code leaves a text with this name in it as it is, wherever it stands.
      if (plain === undefined || ce.includes("__proto__")) return;
      expect(plain).toEqual({ ...spread(ce), plain: true });
      const headers = { ...plain.headers, cloudEvents_type: "t" };
      expect(gatherPlain(headers, "application/json")).toBe(ce);
      expect(gather(headers, "application/json")).toBe(ce);
    }),
  );
});

test("what has anything to escape, another header or another content type is left to the general code", () => {
  const headers = {
    cloudEvents_specversion: "1.0",
    cloudEvents_id: "1",
    cloudEvents_source: "s",
    cloudEvents_time: "t",
  };
  expect(gatherPlain(headers, "application/json")).toBeDefined();
  expect(gatherPlain({ ...headers, cloudEvents_id: 'a"b' }, "application/json")).toBeUndefined();
  expect(gatherPlain({ ...headers, cloudEvents_id: 7 }, "application/json")).toBeUndefined();
  expect(gatherPlain({ ...headers, tenant: "x" }, "application/json")).toBeUndefined();
  expect(gatherPlain(headers, "text/plain")).toBeUndefined();
  expect(JSON.parse(gather({ ...headers, cloudEvents_id: 'a"b' }, "application/json")!)).toMatchObject({ id: 'a"b' });
});

test("headers that are used again hold nothing of the message before, nor what a tracer put there", () => {
  const reused = new ReusedHeaders();
  const first = reused.of({ cloudEvents_id: "1", cloudEvents_partitionkey: "k", traceparent: "00" });
  expect({ ...first }).toMatchObject({ cloudEvents_id: "1", cloudEvents_partitionkey: "k", traceparent: "00" });
  first["x-trace"] = "mine";
  const second = reused.of({ cloudEvents_id: "2" });
  expect(Object.entries(second).filter(([, value]) => value !== undefined)).toEqual([["cloudEvents_id", "2"]]);
  expect(reused.of({ cloudEvents_id: "3", tenant: "x" })).toEqual({ cloudEvents_id: "3", tenant: "x" });
});

test("a second routing key is among them where messages have one, and goes with its message", () => {
  const reused = new ReusedHeaders(true);
  expect({ ...reused.of({ cloudEvents_id: "1", BCC: ["bucket-1"] }) }).toMatchObject({ BCC: ["bucket-1"] });
  expect(reused.of({ cloudEvents_id: "2" })["BCC"]).toBeUndefined();
  const plain = { cloudEvents_id: "3", BCC: ["bucket-1"] };
  expect(new ReusedHeaders().of(plain)).toBe(plain);
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
