import { fileURLToPath } from "node:url";
import { connect, type MessagingEvent } from "@switchyard/core";
import { Books } from "./books.ts";
import { orders } from "./channels.ts";
import { services } from "./services.ts";

export interface AppOptions {
  /** A file of `config/`, or a path. */
  readonly config: string;
  /** Default `SWITCHYARD_PROFILE`. */
  readonly profile?: string | undefined;
  /** How many are placed; every fifth is cancelled again. Default 60. */
  readonly orders?: number;
  /** Instances of each service; they share its work. Default 2. */
  readonly members?: number;
}

export interface Report {
  /** `pubsub on aws`. */
  readonly broker: string;
  readonly published: number;
  readonly groups: Readonly<Record<string, GroupReport>>;
}

export interface GroupReport {
  readonly received: number;
  /** Published, and never seen by this group. */
  readonly lost: number;
  /** Customers whose orders the group saw in another order than they were made. */
  readonly outOfOrder: readonly string[];
  readonly lines: Readonly<Record<string, readonly string[]>>;
}

const CUSTOMERS = 12;
const GIVE_UP_MS = 60_000;

/** Orders are placed and cancelled; whoever is configured to hear of it does. Nothing in here knows the model or the broker. */
export async function app({ config, profile, orders: count = 60, members = 2 }: AppOptions): Promise<Report> {
  const path = config.includes("/") ? config : fileURLToPath(new URL(`../config/${config}`, import.meta.url));
  const quiet = (_event: MessagingEvent) => {};
  const options = {
    channels: [orders] as const,
    config: path,
    observe: quiet,
    ...(profile === undefined ? {} : { profile }),
  };
  const books = new Books();

  await using shop = await connect({ ...options, service: "shop" });
  const { model, connection, groups } = shop.explain().channels["orders"]!;
  const names = Object.keys(groups) as (keyof typeof services)[];
  const running: AsyncDisposable[] = [];
  await using _stopping = {
    [Symbol.asyncDispose]: async () => void (await Promise.all(running.map((one) => one[Symbol.asyncDispose]()))),
  };
  for (const name of names) {
    for (let member = 0; member < members; member++) {
      const service = await connect({ ...options, service: name });
      running.push(service);
      service.consume(services[name](books));
      await service.start();
    }
  }

  const made = story(count);
  const sent = await shop.publishMany(orders, made);
  const refused = sent.find((one) => !one.ok);
  if (refused?.ok === false) throw refused.error;
  const ids = sent.map(({ id }) => id);
  await within(GIVE_UP_MS, Promise.all(names.map((name) => books.filled(name, ids.length))));

  return {
    broker: `${model} on ${connection}`,
    published: ids.length,
    groups: Object.fromEntries(names.map((name) => [name, reportOf(books, name, made, ids)])),
  };
}

type Made =
  | { readonly type: "order.placed"; readonly data: { orderId: string; customerId: string; cents: number } }
  | { readonly type: "order.cancelled"; readonly data: { orderId: string; customerId: string } };

/** What is published: always the same. */
export function story(count: number): Made[] {
  return Array.from({ length: count }, (_, n): Made[] => {
    const order = { orderId: `o-${n}`, customerId: `c-${n % CUSTOMERS}` };
    const placed: Made = { type: "order.placed", data: { ...order, cents: 100 + n } };
    return n % 5 === 4 ? [placed, { type: "order.cancelled", data: order }] : [placed];
  }).flat();
}

function reportOf(books: Books, name: string, made: readonly Made[], ids: readonly string[]): GroupReport {
  const lines = books.linesOf(name);
  const seen = new Set(books.ids(name));
  const expected: Record<string, string[]> = {};
  for (const { data } of made) (expected[data.customerId] ??= []).push(data.orderId);
  const outOfOrder = Object.keys(expected).filter(
    (customer) => lines[customer]?.map((line) => line.split(" ")[1]).join() !== expected[customer]!.join(),
  );
  return { received: seen.size, lost: ids.filter((id) => !seen.has(id)).length, outOfOrder, lines };
}

/** What has not come by then is lost: the report says so. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const { setTimeout: sleep } = await import("node:timers/promises");
  await Promise.race([work, sleep(ms, undefined, { signal: late.signal }).catch(() => {})]);
  late.abort();
}

export const holds = ({ groups }: Report): boolean =>
  Object.values(groups).every(({ lost, outOfOrder }) => lost === 0 && outOfOrder.length === 0);
