import { createServer } from "node:net";
import { systemRuntime } from "@switchyard/core";
import { expect, test } from "vitest";
import { adapter } from "../adapter.ts";
import { urlProblem } from "../endpoint.ts";
import { dialer } from "./dial.ts";
import { classify } from "../errors.ts";
import { fastPaths } from "../fast/index.ts";

/** What amqplib's `connect` is called with. */
async function dialled(given: Record<string, unknown>): Promise<{ url: URL; options: Record<string, any> }> {
  const calls: [string, Record<string, unknown>][] = [];
  const connect = async (...call: [string, Record<string, unknown>]) => {
    calls.push(call);
    return {} as never;
  };
  const result = (await adapter.options["~standard"].validate({ connect, ...given })) as { value: any };
  const [first] = [result.value.url].flat();
  await (await dialer(result.value, systemRuntime, fastPaths))(first, "billing consume");
  return { url: new URL(calls[0]![0]), options: calls[0]![1] };
}

test("Nagle's algorithm is off, a heartbeat every ten seconds, and the connection is named", async () => {
  const { url, options } = await dialled({ url: "amqp://localhost/v" });
  expect(url.searchParams.get("heartbeat")).toBe("10");
  expect(options).toMatchObject({ noDelay: true, clientProperties: { connection_name: "billing consume" } });
});

test("client certificate, name and authority go to TLS, and to TLS only", async () => {
  const pem = (what: string) => `-----BEGIN ${what}-----`;
  const tls = { ca: pem("CA"), cert: pem("CERT"), key: pem("KEY"), servername: "rabbit.test" };
  expect((await dialled({ url: "amqps://broker.example", tls })).options).toMatchObject(tls);
  expect((await dialled({ url: "amqp://localhost", tls })).options).not.toHaveProperty("cert");
});

test("TLS 1.2 at least, and the certificate of another machine is verified whatever the environment says", async () => {
  const { options } = await dialled({ url: "amqps://broker.example" });
  expect(options).toMatchObject({ minVersion: "TLSv1.2", rejectUnauthorized: true });
  const local = (await dialled({ url: "amqps://localhost" })).options;
  expect(local).toMatchObject({ minVersion: "TLSv1.2" });
  expect(local).not.toHaveProperty("rejectUnauthorized");
  expect((await dialled({ url: "amqp://localhost" })).options).not.toHaveProperty("minVersion");
});

test("external: logs in by the certificate, not by a password", async () => {
  const tls = { cert: "-----BEGIN CERT-----", key: "-----BEGIN KEY-----", external: true };
  const { options } = await dialled({ url: "amqps://broker.example", tls });
  expect(options["credentials"].mechanism).toBe("EXTERNAL");
  expect(String(options["credentials"].response())).toBe("");
});

test("user and password in the address are UTF-8, as RabbitMQ's are", async () => {
  const { options } = await dialled({
    url: `amqp://${encodeURIComponent("jürgen")}:${encodeURIComponent("pä#ß/%")}@localhost`,
  });
  expect(options["credentials"].mechanism).toBe("PLAIN");
  expect(options["credentials"].response()).toEqual(Buffer.from("\0jürgen\0pä#ß/%"));
  expect((await dialled({ url: "amqp://localhost" })).options).not.toHaveProperty("credentials");
});

test.each(["amqp://u:se#cret@h", "amqp://u:se/cret@h/v", "amqp://u:1/cret@h", "amqps://u:se?cret@h"])(
  "%s: says how the password is to be written, and not what it is",
  (url) => {
    expect(urlProblem(url, true)).toMatch(/%23, %2F and %3F/);
    expect(urlProblem(url, true)).not.toMatch(/cret/);
  },
);

test("a bare % is told, and what is escaped passes", () => {
  expect(urlProblem("amqp://u:100%@localhost", false)).toMatch(/%25/);
  expect(urlProblem("amqp://u:p%23%2F@localhost/v%2Fw", false)).toBeUndefined();
  expect(urlProblem("amqp://u:p@localhost/v@w/x", false)).toBeUndefined();
});

test.each([
  ["HTTP/1.1 400 Bad Request\r\n\r\n", "not-amqp", /answers HTTP.*15672/],
  ["AMQP\0\u0001\0\0", "not-amqp", /AMQP 1\.0/],
  ["AMQP\u0003\u0001\0\0", "not-amqp", /AMQP 1\.0/],
  ["\u0015\u0003\u0001\0\u0002\u0002\u0046\0", "not-amqp", /use amqps:/],
  ["220 mail.example ESMTP", "not-amqp", /does not speak AMQP; it answers "220 mail/],
])("what answers %j is named", async (answer, code, text) => {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(Buffer.from(answer, "latin1")));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const { value } = (await adapter.options["~standard"].validate({ url: `amqp://127.0.0.1:${port}` })) as {
    value: any;
  };
  const error = await (await dialer(value, systemRuntime, fastPaths))(value.url, "x").catch((cause: unknown) => cause);
  expect(classify(error, "open")).toMatchObject({ kind: "config", code, hint: expect.stringMatching(text) });
  await new Promise((resolve) => server.close(resolve));
});
