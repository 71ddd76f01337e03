/** How RabbitMQ is reached: who is refused, several addresses, TLS. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect as dial } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { adapter } from "@switchyard/amqp";
import { systemRuntime } from "@switchyard/core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { skipped } from "./support/rabbit.ts";
import { run } from "./support/run.ts";
import { startTcpProxy } from "./support/tcp-proxy.ts";
import { never, openSeam, type Seam } from "./support/rabbit-seam.ts";

let seam: Seam;
beforeAll(async () => {
  if (!skipped) seam = await openSeam("connecting");
}, 120_000);
afterAll(() => seam?.close());

async function optionsOf(given: Record<string, unknown>): Promise<any> {
  const result = await adapter.options["~standard"].validate(given);
  if (result.issues !== undefined) throw new Error(result.issues.map(({ message }) => message).join("; "));
  return result.value;
}

describe.skipIf(skipped)("connecting to RabbitMQ", () => {
  test("a wrong password and a missing virtual host are told at once, and no password is in the text", async () => {
    for (const [user, host, kind] of [
      ["guest:wr0ng-secret", "", "auth"],
      ["guest:guest", "/nowhere", "config"],
    ] as const) {
      const { port } = new URL(seam.url);
      const other = await adapter.open(
        await optionsOf({ url: `amqp://${user}@127.0.0.1:${port}${host}` }),
        systemRuntime,
        () => {},
      );
      const cause = await other.sender(seam.queue(), never).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(other.classify(cause, "open")).toMatchObject({ kind });
      expect(JSON.stringify([String(cause), other.classify(cause, "open")])).not.toContain("wr0ng");
      await other.close();
    }
  });

  test("several addresses: the next is tried where one does not answer", async () => {
    const options = await optionsOf({ url: ["amqp://guest:guest@127.0.0.1:1", seam.url] });
    const other = await adapter.open(options, systemRuntime, () => {});
    const of = seam.queue();
    await seam.provide(of);
    const sender = await other.sender(of, never);
    expect(await sender.send([{ body: "1", headers: {} }], never)).toHaveLength(1);
    await sender.close();
    await other.close();
  });

  test("closing a connection to a broker that no longer answers leaves no timer behind", async () => {
    const of = seam.queue();
    await seam.provide(of);
    onTestFinished(() => void vi.restoreAllMocks());
    const set = vi.spyOn(globalThis, "setInterval");
    const cleared = vi.spyOn(globalThis, "clearInterval");
    const proxy = await startTcpProxy(Number(new URL(seam.url).port));
    const options = await optionsOf({ url: `amqp://guest:guest@127.0.0.1:${proxy.port}`, heartbeat: "60s" });
    const other = await adapter.open(options, systemRuntime, () => {});
    await other.sender(of, never);
    const beats = set.mock.results.map(({ value }) => value);
    expect(beats).not.toEqual([]);
    proxy.blackHole(true);
    await other.close();
    // The socket's end comes a turn later.
    await new Promise((resolve) => setImmediate(resolve));
    expect(cleared.mock.calls.flat()).toEqual(expect.arrayContaining(beats));
    await proxy.close();
  });
});

describe.skipIf(skipped)("amqps", () => {
  test("checks the broker's certificate against ca and servername, and shows the client's", {
    timeout: 60_000,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "switchyard-tls-"));
    const openssl = async (...args: string[]) => {
      const { code, output } = await run("openssl", args, { cwd: folder });
      if (code !== 0) throw new Error(output);
    };
    const make = async (name: string) => {
      const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
      await openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        `${name}.key`,
        "-out",
        `${name}.crt`,
        ...subject,
      );
      return { key: join(folder, `${name}.key`), cert: join(folder, `${name}.crt`) };
    };
    const [server, client] = [await make("rabbit.test"), await make("billing.test")];
    const seen: { name: string; sni: unknown }[] = [];
    // TLS ends here, and what is inside goes to the broker.
    const front = createServer(
      {
        key: await readFile(server.key),
        cert: await readFile(server.cert),
        ca: await readFile(client.cert),
        requestCert: true,
        rejectUnauthorized: true,
      },
      (socket) => {
        seen.push({
          name: String(socket.getPeerCertificate().subject.CN),
          sni: (socket as { servername?: unknown }).servername,
        });
        const inner = dial(Number(new URL(seam.url).port), "127.0.0.1");
        socket.on("error", () => inner.destroy());
        inner.on("error", () => socket.destroy());
        socket.pipe(inner).pipe(socket);
      },
    );
    front.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
    const address = `amqps://guest:guest@127.0.0.1:${(front.address() as { port: number }).port}`;
    const of = seam.queue();
    await seam.provide(of);
    const opening = async (tls: Record<string, unknown>) => {
      const one = await adapter.open(
        await optionsOf({ url: address, tls, delays: "connecting" }),
        systemRuntime,
        () => {},
      );
      try {
        return await one.sender(of, never).then(
          async (sender) => sender.send([{ body: "1", headers: {} }], never),
          (error: unknown) => one.classify(error, "open"),
        );
      } finally {
        await one.close();
      }
    };
    try {
      const good = { ca: server.cert, servername: "rabbit.test", ...client };
      expect(await opening(good)).toMatchObject([{ id: expect.any(String) }]);
      expect(seen[0]).toEqual({ name: "billing.test", sni: "rabbit.test" });
      expect(await opening({ ...good, cert: await readFile(client.cert, "utf8") })).toMatchObject([
        { id: expect.any(String) },
      ]);
      expect(await opening({ ...good, servername: "other.test" })).toMatchObject({
        kind: "config",
        code: "tls-failed",
      });
      const { ca: _, ...untrusting } = good;
      expect(await opening(untrusting)).toMatchObject({ kind: "config", code: "tls-failed" });
    } finally {
      front.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
