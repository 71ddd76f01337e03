import { expect, test } from "vitest";
import { adapter } from "./adapter.ts";
import { dialer } from "./dial.ts";

/** What amqplib's `connect` is called with. */
async function dialled(given: Record<string, unknown>): Promise<{ url: URL; options: Record<string, any> }> {
  const calls: [string, Record<string, unknown>][] = [];
  const connect = async (...call: [string, Record<string, unknown>]) => {
    calls.push(call);
    return {} as never;
  };
  const result = (await adapter.options["~standard"].validate({ connect, ...given })) as { value: any };
  const [first] = [result.value.url].flat();
  await (await dialer(result.value))(first, "billing consume");
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

test("external: logs in by the certificate, not by a password", async () => {
  const tls = { cert: "-----BEGIN CERT-----", key: "-----BEGIN KEY-----", external: true };
  const { options } = await dialled({ url: "amqps://broker.example", tls });
  expect(options["credentials"].mechanism).toBe("EXTERNAL");
  expect(String(options["credentials"].response())).toBe("");
});
