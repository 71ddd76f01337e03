import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test, vi } from "vitest";
import type { Health } from "../api/messaging.ts";
import { endpoints, isLoopback, toNode } from "./index.ts";

const health: Health = {
  status: "red",
  state: "started",
  live: true,
  ready: false,
  problems: ['connection "main" is down'],
  channels: {},
  connections: { main: { state: "down", since: 1 } },
};
const messaging = { health: () => health };
const get = (path: string, init?: RequestInit) => new Request(`http://any.example${path}`, init);

test("a broker that is down: alive, and not ready; states only", async () => {
  const handle = endpoints(messaging);
  const [live, ready] = [await handle(get("/livez")), await handle(get("/readyz"))];
  expect([live.status, ready.status]).toEqual([200, 503]);
  expect(await ready.json()).toEqual({ status: "red", state: "started", live: true, ready: false });
  expect(ready.headers.get("cache-control")).toBe("no-store");
});

test("details for whom `detail` says, and for nobody if it throws", async () => {
  const handle = endpoints(messaging, { detail: isLoopback });
  const asked = async (remoteAddress?: string) => (await handle(get("/readyz"), { remoteAddress })).json();
  for (const near of ["127.0.0.1", "::1", "::ffff:127.8.9.1"])
    expect(await asked(near)).toMatchObject({ problems: health.problems, connections: health.connections });
  // What a caller says of itself does not count, and neither does a name that only looks like it.
  for (const far of ["10.0.0.1", "127.0.0.1.example", undefined])
    expect(Object.keys((await asked(far)) as object)).toEqual(["status", "state", "live", "ready"]);
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  const broken = endpoints(messaging, {
    detail: () => {
      throw new Error("no");
    },
  });
  expect(Object.keys((await (await broken(get("/livez"))).json()) as object)).toHaveLength(4);
  said.mockRestore();
});

test("other paths, other methods, a base, HEAD", async () => {
  const handle = endpoints(messaging, { base: "/internal" });
  const statuses = async (...requests: Request[]) =>
    Promise.all(requests.map(async (request) => (await handle(request)).status));
  expect(
    await statuses(
      get("/livez"),
      get("/internal/livez"),
      get("/internal/metrics"),
      get("/internal/livez/x"),
      get("/internal/livez", { method: "POST" }),
    ),
  ).toEqual([404, 200, 404, 404, 405]);
  const head = await handle(get("/internal/readyz", { method: "HEAD" }));
  expect([head.status, await head.text()]).toEqual([503, ""]);
});

test("metrics come from a function, and a failure is said without its text", async () => {
  const text = endpoints(messaging, { metrics: async () => "up 1\n" });
  const answer = await text(get("/metrics"));
  expect([await answer.text(), answer.headers.get("content-type")]).toEqual([
    "up 1\n",
    "text/plain; version=0.0.4; charset=utf-8",
  ]);
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  const broken = endpoints(messaging, { metrics: () => Promise.reject(new Error("secret")) });
  const failed = await broken(get("/metrics"));
  expect([failed.status, await failed.text()]).toEqual([500, "failed\n"]);
  said.mockRestore();
});

test.each([
  [{ base: "internal/" }, 'endpoints({ base }): pass a path such as "/internal"'],
  [{ metrics: {} }, "endpoints({ metrics }): pass a function that returns the text"],
  [{ detail: true }, "endpoints({ detail }): pass a function"],
  [{ metric: () => "" }, "endpoints({ metric }): no such option; there are metrics, detail, base"],
])("%o is refused", (options, text) => {
  expect(() => endpoints(messaging, options as never)).toThrow(text);
});

test("what is not messaging is refused at once, and not with the first probe", () => {
  expect(() => endpoints(undefined as never)).toThrow("endpoints(messaging): pass what connect() gave");
});

test("Node's http serves it, whatever a caller asks for", async () => {
  const server = createServer(toNode(endpoints(messaging, { detail: isLoopback }))).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const ready = await fetch(`http://127.0.0.1:${port}/readyz?verbose`);
  expect([ready.status, await ready.json()]).toEqual([503, expect.objectContaining({ problems: health.problems })]);
  const posted = await fetch(`http://127.0.0.1:${port}/livez`, { method: "PUT", body: "x" });
  expect(posted.status).toBe(405);
  expect((await fetch(`http://127.0.0.1:${port}//other//livez`)).status).toBe(404);
  server.close();
});
