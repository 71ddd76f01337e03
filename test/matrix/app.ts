/** One application: a shop publishes, a group of its own handles. Not a word of a model or a broker. */
import { connect, consumer, type DeadLetterItem, type Messaging } from "@switchyard/core";
import { Book, type Dead, type Report } from "./book.ts";
import { notices, orders } from "./channels.ts";
import { again, madeNotices, madeOrders } from "./story.ts";

export interface Run {
  readonly report: Report;
  /** What the contract leaves open: how often messages come, and where. */
  readonly apart: {
    readonly deliveries: number;
    readonly duplicates: number;
    /** By channel: model, transport and form. */
    readonly carried: Readonly<Record<string, string>>;
  };
}

const GIVE_UP_MS = 60_000;
const GROUP = "clerk";

export async function app(profile: string, env: Readonly<Record<string, string | undefined>>): Promise<Run> {
  const book = new Book();
  const options = {
    channels: [orders, notices] as const,
    cwd: import.meta.dirname,
    profile,
    env,
    observe: book.observe,
  };
  await using shop = await connect({ ...options, service: "shop" });
  await using clerk = await connect({ ...options, service: "office" });
  clerk.consume(
    consumer(orders, GROUP, {
      "order.placed": (_, one) => book.work(one),
      "order.cancelled": (_, one) => book.work(one),
    }),
  );
  clerk.consume(consumer(notices, GROUP, { "*": (_, one) => book.work(one) }));
  await clerk.start();

  await accepted(shop.publishMany(orders, madeOrders));
  await accepted(shop.publishMany(notices, madeNotices));
  await accepted(shop.publishMany(orders, again(madeOrders)));
  await accepted(shop.publishMany(notices, again(madeNotices)));
  const ids = [...madeOrders, ...madeNotices].map(({ id }) => id!);
  await book.settled(ids, GIVE_UP_MS);
  const dead = await deadLetters(shop, book);

  book.repair();
  await shop.deadLetters(orders, GROUP).redrive();
  await shop.deadLetters(notices, GROUP).redrive();
  const lost = await book.settled(ids, GIVE_UP_MS);
  const stillDead = await deadLetters(shop, book);

  const { channels } = shop.explain();
  const carried = Object.entries(channels).map(([name, { model, transport, form }]) => [
    name,
    `${model} ${transport} ${form}`,
  ]);
  return {
    report: {
      lost,
      handled: Object.fromEntries(book.handled),
      byCustomer: Object.fromEntries(book.byCustomer),
      overlapping: [...book.overlapping],
      dead,
      stillDead,
    },
    apart: { deliveries: book.deliveries, duplicates: book.duplicates, carried: Object.fromEntries(carried) },
  };
}

async function accepted(
  sending: Promise<readonly { readonly ok: boolean; readonly error?: unknown }[]>,
): Promise<void> {
  const failed = (await sending).find(({ ok }) => !ok);
  if (failed !== undefined) throw failed.error;
}

/** Those of both channels, sorted. A broker may show a part of them at first. */
async function deadLetters(shop: Messaging<typeof orders | typeof notices>, book: Book): Promise<readonly Dead[]> {
  for (let look = 1; ; look++) {
    const found = [
      ...(await shop.deadLetters(orders, GROUP).peek(50)).map((item) => deadOf("orders", item)),
      ...(await shop.deadLetters(notices, GROUP).peek(50)).map((item) => deadOf("notices", item)),
    ];
    if (found.length >= book.dead.size || look === 10) return found.sort((a, b) => a.id.localeCompare(b.id));
  }
}

const deadOf = (channel: string, item: DeadLetterItem): Dead => {
  const { id, type, data, headers, reason, code, attempts, errorClass } = item;
  return { id, channel, type, data, headers, reason, code, attempts, errorClass };
};
