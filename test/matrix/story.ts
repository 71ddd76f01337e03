/** What is published, always the same, and what must become of it, whoever carries it. */
import type { PublishManyItem } from "@switchyard/core";
import type { Handled, Dead, Report } from "./book.ts";
import type { notices, orders } from "./channels.ts";

type Trouble = "none" | "once" | "broken" | "refused";
export type Order = PublishManyItem<typeof orders>;
export type Notice = PublishManyItem<typeof notices>;

const CUSTOMERS = 8;
const ORDERS = 96;
const NOTICES = 48;
const LARGE = 150_000;
const HOSTILE = 'ünïcode 🎉 \u0000 \u001f \u2028 "quoted" \\ __proto__';

/** No two troubles meet at one customer, so that what each does to the customer's order is known. */
const troubleOf = (n: number): Trouble => (n === 20 ? "broken" : n === 37 ? "refused" : n % 11 === 6 ? "once" : "none");
const large = (n: number): string => `${n} `.padEnd(LARGE, "abcdefgh");

export const madeOrders: readonly Order[] = Array.from({ length: ORDERS }, (_, n): Order => {
  const own = { customerId: `customer-${n % CUSTOMERS}`, n, trouble: troubleOf(n) };
  const options = { id: `order-${n}`, headers: { tenant: `t-${n % 3}`, note: n % 7 === 0 ? HOSTILE : "plain" } };
  if (n % 6 === 5) return { type: "order.cancelled", data: own, ...options };
  const placedAt = new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString();
  const note = n % 40 === 3 ? large(n) : n % 9 === 0 ? HOSTILE : "";
  return { type: "order.placed", data: { ...own, placedAt, note }, ...options };
});

export const madeNotices: readonly Notice[] = Array.from({ length: NOTICES }, (_, n): Notice => {
  const own = { n, trouble: troubleOf(n) };
  const id = `notice-${n}`;
  if (n % 4 === 3) return { type: "notice.read", data: n % 8 === 3 ? { ...own, by: ["a", "b"] } : own, id };
  return { type: "notice.sent", data: { ...own, text: n % 30 === 4 ? large(n) : HOSTILE }, id, headers: { n: `${n}` } };
});

/** A publisher that was not sure whether these were accepted, and sends them again as the same messages. */
export const again = <T extends Order | Notice>(made: readonly T[]): readonly T[] =>
  made.filter(({ data }) => data.n % 16 === 1 && data.trouble === "none");

/** What one process would make of it all, without a broker. */
export function expected(): Report {
  const made = [
    ...madeOrders.map((one) => ["orders", one] as const),
    ...madeNotices.map((one) => ["notices", one] as const),
  ];
  const of = (trouble: Trouble) => made.filter(([, { data }]) => data.trouble === trouble);
  const handled = made.filter(([, { data }]) => data.trouble !== "refused");
  const broken = (at: (typeof made)[number]) =>
    deadOf(at, "failed 3 times: TypeError: the clerk's pen is broken", "attempts-exhausted", 3, "TypeError");
  const refused = (at: (typeof made)[number]) => deadOf(at, "no such thing", "rejected", 1, "DeadLetter");
  const byId = (a: Dead, b: Dead) => a.id.localeCompare(b.id);
  return {
    lost: [],
    handled: Object.fromEntries(handled.map(([channel, one]) => [one.id!, handledOf(channel, one)])),
    byCustomer: orderOf(),
    overlapping: [],
    dead: [...of("broken").map(broken), ...of("refused").map(refused)].sort(byId),
    stillDead: of("refused").map(refused).sort(byId),
  };
}

function handledOf(channel: string, { type, data, headers = {} }: Order | Notice): Handled {
  const key = "customerId" in data ? { key: data.customerId } : {};
  const output = type === "notice.read" ? { ...data, by: data.by ?? [] } : data;
  return { channel, type, ...key, headers, source: "shop", data: output };
}

function deadOf(
  [channel, made]: readonly [string, Order | Notice],
  reason: string,
  code: string,
  attempts: number,
  errorClass: string,
): Dead {
  const { id, type, data, headers = {} } = made;
  return { id: id!, channel, type, data, headers, reason, code, attempts, errorClass };
}

/** As they were published; what was repaired comes when everything else is done. */
function orderOf(): Readonly<Record<string, readonly string[]>> {
  const order: Record<string, string[]> = {};
  const alive = madeOrders.filter(({ data }) => data.trouble !== "refused");
  const late = alive.filter(({ data }) => data.trouble === "broken");
  for (const { id, data } of [...alive.filter((one) => !late.includes(one)), ...late])
    (order[data.customerId] ??= []).push(id!);
  return order;
}
