/** One service on RabbitMQ as the tests of faults want it, with what they wait for. */
import { setTimeout as sleep } from "node:timers/promises";
import { channel, connect, type Messaging, type MessagingEvent } from "@switchyard/core";
import { adapter } from "@switchyard/amqp";
import { z } from "zod";
import type { Rabbit } from "./rabbit.ts";

const item = z.object({ n: z.int(), key: z.string() });
export const plain = channel("plain", { messages: { item } });
export const ordered = channel("ordered", { messages: { item }, orderingKey: "key" });
export const log = channel("log", { messages: { item }, orderingKey: "key" });

type Any = Messaging<any>;

export interface App {
  readonly messaging: Any;
  readonly events: readonly any[];
  publish(to: unknown, n: number, key?: string): Promise<unknown>;
}

export interface AppOptions {
  readonly prefix: string;
  readonly url: string;
  readonly channels?: Record<string, Record<string, unknown>>;
  /** Of one publish, its resends included. */
  readonly timeout?: string;
  /** The longest a handler may take. Default: the adapter's. */
  readonly consumerTimeout?: string;
  /** Default 5. */
  readonly attempts?: number;
}

/** `plain` and `ordered` as queues; a silent connection is found in some seconds, and a machine that stalls for one is not. */
export async function startApp(options: AppOptions): Promise<App> {
  const { prefix, url, channels = {}, timeout = "10m", attempts = 5 } = options;
  const connection = {
    use: adapter,
    url,
    heartbeat: "3s",
    connectTimeout: "5s",
    provision: "auto",
    ...(options.consumerTimeout === undefined ? {} : { consumerTimeout: options.consumerTimeout }),
  };
  const events: MessagingEvent[] = [];
  const common = {
    model: "queue",
    on: "rabbit",
    publish: { timeout, maxPending: 2_000 },
    groups: { main: { concurrency: 50 } },
  };
  const messaging = (await connect({
    channels: [plain, ordered],
    service: "faults",
    observe: (event: MessagingEvent) => events.push(event),
    config: {
      prefix,
      drain: "5s",
      connections: { rabbit: connection },
      channels: { plain: { ...common, ...channels["plain"] }, ordered: { ...common, ...channels["ordered"] } },
      policies: { default: { retry: { attempts, backoff: "constant", first: "1s" }, deadLetter: true } },
    },
  } as never)) as unknown as Any;
  const publish = (to: unknown, n: number, key = "k") =>
    messaging.publish(to as never, "item" as never, { n, key } as never);
  return { messaging, events, publish };
}

/** Nothing here is timed: the limit only says that it hangs. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string | (() => string),
  withinMs = 120_000,
): Promise<void> {
  for (const end = performance.now() + withinMs; !(await holds()); await sleep(10)) {
    if (performance.now() > end)
      throw new Error(`not within ${withinMs} ms: ${typeof what === "string" ? what : what()}`);
  }
}

/** The two connections of an app, as its events tell of them: one that breaks is told once, and once when it is back. */
export function linksOf({ events }: Pick<App, "events">) {
  const times = (state: string, role: string) =>
    events.filter((event) => event.type === "connection" && event.state === state && event.lease === `faults ${role}`)
      .length;
  const roles = ["publish", "consume"];
  const downs = () => roles.map((role) => times("down", role));
  return {
    /** Resolves when neither is down. Both must have been used before. */
    bothUp: () =>
      until(
        () => roles.every((role) => times("down", role) === times("up", role)),
        () => `both connections to be up; down ${downs()}, up ${roles.map((role) => times("up", role))}`,
      ),
    /** Does what breaks both, and resolves when both have noticed. */
    async broken(what: string, strike: () => unknown): Promise<void> {
      const before = downs();
      await strike();
      await until(
        () => downs().every((count, at) => count > before[at]!),
        () => `both connections to notice: ${what}; down ${before} before, ${downs()} now`,
      );
    },
  };
}

/** For connections opened from now on; 30 minutes is the broker's own. */
export async function consumerTimeout(rabbit: Rabbit, ms = 1_800_000): Promise<void> {
  const tick = ms < 60_000 ? 500 : 60_000;
  const set = (name: string, value: number) => `application:set_env(rabbit, ${name}, ${value})`;
  await rabbit.ctl("eval", `${set("consumer_timeout", ms)}, ${set("channel_tick_interval", tick)}.`);
}
