import { inspect } from "node:util";
import { expect, test } from "vitest";
import { untracedConnection } from "../messaging/untraced-connection.ts";
import { redactingConnection } from "../messaging/redacting-connection.ts";
import type { Connection, Fault } from "../driver/index.ts";
import { fromFault, MessagingError } from "./errors.ts";

const textOf = (fault: Partial<Fault>): string =>
  fromFault({ kind: "config", code: "queue-not-found", ...fault }, 'open "orders"', new Error("raw"), {}).message;

test("the sentence names the resource and its place, and ends with the service's own words", () => {
  const where = 'queue "shop-orders.fifo" in eu-west-1 at https://sqs.eu-west-1.amazonaws.com';
  expect(textOf({ hint: "create it", where, said: "The specified queue does not exist." })).toBe(
    `open "orders": queue-not-found; create it; ${where}; the service said "The specified queue does not exist."`,
  );
  expect(textOf({})).toBe('open "orders": queue-not-found');
  expect(textOf({ said: "No." })).toBe('open "orders": queue-not-found; the service said "No."');
});

test("the service's words are one bounded line, and hold no secret", () => {
  expect(textOf({ said: `a\nb ${"x".repeat(1_000_000)}` }).length).toBeLessThan(400);
  expect(textOf({ said: "line\nfeed\u001b[31m" })).not.toMatch(/[\u0000-\u001f]/);
  const secret = "SECRETSECRET1234";
  for (const said of [
    `no such host amqps://user:${secret}@broker/`,
    `The security token AKIA${secret} is invalid`,
    `x-amz-security-token:${secret}`,
    `Credential=${secret}/20260101, Signature=${secret}`,
    `{"password":"${secret}"}`,
    `Authorization: Bearer ${secret}`,
    `bearer ${secret}`,
  ])
    expect(textOf({ said })).not.toContain(secret);
  expect(textOf({ said: "Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z" })).toContain(
    "Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z",
  );
});

test("it takes no time with a hostile text", () => {
  const before = process.threadCpuUsage();
  for (const said of ["a".repeat(200_000), "://".repeat(70_000), "password:".repeat(30_000), '"'.repeat(200_000)])
    textOf({ said });
  // Its own work, whatever else the machine does. A quadratic expression takes tens of seconds.
  expect(process.threadCpuUsage(before).user / 1_000).toBeLessThan(2_000);
});

test("values from the environment are hidden in every part of a fault", () => {
  const connection = { classify: () => ({ kind: "config", code: "x", hint: "h s", where: "w s", said: "t s" }) };
  const redacted = redactingConnection(connection as unknown as Connection, (text) => text.replace("s", "[env]"));
  expect(redacted.classify(undefined, "open")).toMatchObject({ hint: "h [env]", where: "w [env]", said: "t [env]" });
});

test("a server is passed on, and left out if its host came from the environment", () => {
  const at = (address: string) => {
    const connection = { server: () => ({ address, port: 1 }) } as unknown as Connection;
    return redactingConnection(untracedConnection(connection), (text) => text.replace("hidden", "***"));
  };
  expect(at("shown.example").server!({} as never)).toEqual({ address: "shown.example", port: 1 });
  expect(at("hidden").server!({} as never)).toBeUndefined();
});

test("printed, an error is its text, the details that are set, and the cause", () => {
  const cause = new Error("raw", { cause: new Error("deeper") });
  const error = fromFault({ kind: "config", code: "queue-not-found", hint: "create it" }, 'open "orders"', cause, {
    channel: "orders",
  });
  const text = inspect(error);
  expect(text).toMatch(/^MessagingError: open "orders": queue-not-found; create it\n {4}at /);
  expect(text).toContain("\n{ code: 'queue-not-found', kind: 'config', channel: 'orders' }\n[cause]: Error: raw\n");
  expect(text).toContain("[cause]: Error: deeper");
  expect(text).not.toMatch(/undefined|problems|~switchyard/);
  expect(inspect({ error })).toContain("queue-not-found");
});

test("the problems are printed once, and JSON holds what is set", () => {
  const problems = [{ path: "channels.orders.on", message: "missing" }];
  const listed = new MessagingError("invalid-config", "one mistake\n  channels.orders.on: missing", {
    kind: "config",
    problems,
  });
  expect(inspect(listed).split("missing")).toHaveLength(2);
  expect(inspect(new MessagingError("x", "bad", { kind: "config", problems }))).toContain("path: 'channels.orders.on'");
  expect(JSON.parse(JSON.stringify(listed))).toEqual({
    name: "MessagingError",
    message: listed.message,
    code: "invalid-config",
    kind: "config",
    problems,
  });
});
