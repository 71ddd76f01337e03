import { expect, test, vi } from "vitest";
import { MessagingError } from "../api/errors.ts";
import type { Connection, Destination, Moved, SenderDriver } from "../driver/index.ts";
import { lazyConnection } from "./lazy-connection.ts";

const to: Destination = {
  channel: "orders",
  base: "test_orders",
  name: "test_orders",
  model: "queue",
  ordered: false,
  native: {},
};
const never = new AbortController().signal;
const connection = (more: Partial<Connection> = {}) =>
  ({
    sender: vi.fn<Connection["sender"]>(async () => ({}) as SenderDriver),
    classify: () => ({ kind: "auth", code: "the-drivers" }),
    close: vi.fn<Connection["close"]>(async () => {}),
    ...more,
  }) as unknown as Connection;

test("the first call opens it, once for calls at the same time", async () => {
  const inner = connection();
  const open = vi.fn<() => Promise<Connection>>(async () => inner);
  const lazy = lazyConnection(open);
  expect(lazy.classify(new Error("x"), "receive")).toMatchObject({ kind: "retryable" });
  expect(lazy.server?.(to)).toBeUndefined();
  expect(open).not.toHaveBeenCalled();
  await Promise.all([lazy.sender(to, never), lazy.sender(to, never)]);
  await lazy.sender(to, never);
  expect(open).toHaveBeenCalledTimes(1);
  expect(inner.sender).toHaveBeenCalledTimes(3);
  expect(lazy.classify(new Error("x"), "receive")).toMatchObject({ code: "the-drivers" });
});

test("one that could not be opened fails the call with its reason, and is tried again by the next", async () => {
  const open = vi.fn<() => Promise<Connection>>(async () => connection());
  open.mockRejectedValueOnce(new MessagingError("not-installed", "npm install it", { kind: "config" }));
  const lazy = lazyConnection(open);
  const refused: unknown = await lazy.sender(to, never).catch((error: unknown) => error);
  expect(lazy.classify(refused, "open")).toEqual({ kind: "config", code: "not-installed", hint: "npm install it" });
  await expect(lazy.sender(to, never)).resolves.toBeDefined();
});

test("close() closes what is open or being opened, and opens nothing", async () => {
  const open = vi.fn<() => Promise<Connection>>(async () => connection());
  const unused = lazyConnection(open);
  await unused.close();
  await expect(unused.sender(to, never)).rejects.toMatchObject({ code: "closed" });
  expect(open).not.toHaveBeenCalled();

  const inner = connection();
  let ready!: (connection: Connection) => void;
  const lazy = lazyConnection(() => new Promise((resolve) => (ready = resolve)));
  const sender = lazy.sender(to, never);
  const closed = lazy.close();
  ready(inner);
  await Promise.allSettled([sender, closed]);
  expect(inner.close).toHaveBeenCalledTimes(1);
});

test("a call that waits for the opening is refused if the connection is closed meanwhile", async () => {
  const inner = connection();
  let ready!: (connection: Connection) => void;
  const lazy = lazyConnection(() => new Promise((resolve) => (ready = resolve)));
  const sender = lazy.sender(to, never);
  void lazy.close();
  ready(inner);
  await expect(sender).rejects.toMatchObject({ code: "closed" });
  expect(inner.sender).not.toHaveBeenCalled();
});

test("a seek tells how far it is, as that of the driver does", async () => {
  const seek: NonNullable<Connection["seek"]> = async (_of, _to, _signal, moved) => moved?.({ done: 1, total: 2 });
  const moved = vi.fn<Moved>();
  await lazyConnection(async () => connection({ seek })).seek!(to, "latest", never, moved);
  expect(moved).toHaveBeenCalledWith({ done: 1, total: 2 });
});

test("what the driver cannot do is refused by name", async () => {
  const lazy = lazyConnection(async () => connection());
  await expect(lazy.depth!(to, never)).rejects.toMatchObject({ code: "depth-unsupported" });
  await expect(lazy.purge!(to, never)).rejects.toMatchObject({ code: "purge-unsupported" });
  await expect(lazy.seek!(to, "latest", never)).rejects.toMatchObject({ code: "seek-unsupported" });
  await expect(lazy.tails!.open(to, { start: "latest", expiresAt: 1 }, never)).rejects.toMatchObject({
    code: "tail-unsupported",
  });
  expect(await lazy.tails!.left!(to, never)).toEqual([]);
  expect(await lazy.place!(to, never)).toEqual({});
});

test("a server that was asked for before is looked for when the connection opens", async () => {
  const server = vi.fn<NonNullable<Connection["server"]>>(() => ({
    address: "sqs.us-east-1.amazonaws.com",
    port: 443,
  }));
  const lazy = lazyConnection(async () => connection({ server }));
  expect(lazy.server?.(to)).toBeUndefined();
  await lazy.sender(to, never);
  expect(server).toHaveBeenCalledTimes(1);
  expect(lazy.server?.(to)?.port).toBe(443);
});
