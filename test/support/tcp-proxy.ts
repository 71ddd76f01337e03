/** A TCP proxy on loopback that cuts, silences, delays and refuses. */
import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";

export interface TcpProxy {
  readonly port: number;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Connections that are open. */
  readonly open: number;
  /** Resets every connection; new ones are taken. */
  cut(): void;
  /** Nothing passes either way and nobody is told, as when a cable is pulled; new connections are swallowed too. */
  blackHole(on: boolean): void;
  /** What clients send passes; nothing comes back, also on new connections. Off: those connections are cut. */
  loseReplies(on: boolean): void;
  /** Every chunk passes this many milliseconds later, either way. 0: none is delayed from now on. */
  delay(ms: number): void;
  /** New connections are closed at once. */
  refuse(on: boolean): void;
  /** Resolves when `count` connections have been accepted in all. */
  reached(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket | undefined]>();
  let silent = false;
  let replies = true;
  let lagMs = 0;
  let refusing = false;
  let accepted = 0;
  /** Passes chunks on in order: one that is not delayed waits for those before it that are. */
  const lagging = (pass: (data: Buffer) => unknown): ((data: Buffer) => void) => {
    let under = 0;
    let last = 0;
    return (data) => {
      if (lagMs === 0 && under === 0) return void pass(data);
      under++;
      last = Math.max(last, performance.now() + lagMs);
      setTimeout(() => (under--, pass(data)), Math.max(0, last - performance.now()));
    };
  };
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
    const onward = lagging((data: Buffer) => silent || upstream.write(data));
    const back = lagging((data: Buffer) => silent || !replies || client.write(data));
    client.on("data", onward);
    upstream.on("data", back);
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
    get open() {
      return pairs.size;
    },
    cut,
    blackHole: (on) => {
      // What was swallowed is gone: those connections cannot go on.
      if (!on) cut();
      silent = on;
    },
    loseReplies: (on) => {
      if (!on) cut();
      replies = !on;
    },
    delay: (ms) => {
      lagMs = ms;
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
