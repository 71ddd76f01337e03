/** A TCP proxy on loopback that cuts, silences and refuses. */
import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";

export interface TcpProxy {
  readonly port: number;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Resets every connection; new ones are taken. */
  cut(): void;
  /** Nothing passes either way and nobody is told, as when a cable is pulled; new connections are swallowed too. */
  blackHole(on: boolean): void;
  /** New connections are closed at once. */
  refuse(on: boolean): void;
  /** Resolves when `count` connections have been accepted in all. */
  reached(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket | undefined]>();
  let silent = false;
  let refusing = false;
  let accepted = 0;
  const waiting: { count: number; resolve: () => void }[] = [];
  const server = createServer((client) => {
    accepted++;
    for (const one of waiting.splice(0)) {
      if (one.count <= accepted) one.resolve();
      else waiting.push(one);
    }
    client.on("error", () => {});
    if (refusing) return void client.destroy();
    if (silent) return void pairs.add([client, undefined]);
    const upstream = connect(target, "127.0.0.1");
    upstream.on("error", () => client.destroy());
    const pair = [client, upstream] as const;
    pairs.add(pair);
    client.on("data", (data) => silent || upstream.write(data));
    upstream.on("data", (data) => silent || client.write(data));
    client.on("close", () => (pairs.delete(pair), silent || upstream.destroy()));
    upstream.on("close", () => silent || client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    for (const [client, upstream] of pairs) {
      client.resetAndDestroy();
      upstream?.destroy();
    }
    pairs.clear();
  };
  return {
    port: (server.address() as { port: number }).port,
    get accepted() {
      return accepted;
    },
    cut,
    blackHole: (on) => {
      // What was swallowed is gone: those connections cannot go on.
      if (!on) cut();
      silent = on;
    },
    refuse: (on) => {
      refusing = on;
    },
    reached: (count) =>
      accepted >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })),
    close: async () => {
      cut();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
