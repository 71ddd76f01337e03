/** From rows to messages: reads each row, publishes it through messaging, and says what became of it. */
import type { PublishManyResult } from "@switchyard/core";
import { excerpt, isMessagingError } from "@switchyard/core/driver-kit";
import { type ChannelShape, publishStored, type StoredMessage, takesStored } from "@switchyard/core/publish-kit";
import type { Outcome } from "./protocol.ts";
import type { RelayRow } from "./relay-statements.ts";
import { itemOf, messageOf } from "./stored-row.ts";

/** The part of `Messaging` that a relay uses. It must be connected to the outbox's channels, under the outbox's service. */
export interface MessagingLike {
  /** Says the service. What has no `explain` is not asked. */
  explain?(): { readonly service: string };
  publishMany(
    channel: any,
    messages: readonly any[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly PublishManyResult[]>;
}

export interface SentRow {
  readonly row: RelayRow;
  readonly outcome: Outcome;
  readonly code?: string;
  readonly reason?: string;
  /** Why it was not accepted. Absent for a row that was not tried, because of an earlier one of its key. */
  readonly error?: unknown;
}

/** As a dead letter's reason. */
const LONGEST_REASON = 1_500;

/** A relay of an older deployment does not know the type yet. The row waits for one that does. */
const LEFT = new Set(["unknown-type", "unknown-channel"]);

export class Sender {
  readonly channels: readonly string[];
  readonly #shapes: ReadonlyMap<string, ChannelShape>;
  readonly #messaging: MessagingLike;

  constructor(messaging: MessagingLike, shapes: ReadonlyMap<string, ChannelShape>) {
    this.channels = [...shapes.keys()];
    this.#shapes = shapes;
    this.#messaging = messaging;
  }

  /** Never rejects. After a row that is not accepted, later ones of its key in this batch are not sent. */
  async send(rows: readonly RelayRow[], signal: AbortSignal): Promise<readonly SentRow[]> {
    const results = new Array<SentRow>(rows.length);
    const byChannel = new Map<string, { readonly at: number[]; readonly items: object[] }>();
    const blocked = new Set<string>();
    rows.forEach((row, at) => {
      const key = row.key === null ? undefined : `${row.channel}\n${row.key}`;
      if (key !== undefined && blocked.has(key)) {
        results[at] = { row, outcome: "unsure" };
        return;
      }
      try {
        const item = this.#read(row);
        let run = byChannel.get(row.channel);
        if (run === undefined) byChannel.set(row.channel, (run = { at: [], items: [] }));
        run.at.push(at);
        run.items.push(item);
      } catch (error) {
        results[at] = failed(row, error);
        if (key !== undefined) blocked.add(key);
      }
    });
    await Promise.all(
      [...byChannel].map(async ([channel, { at, items }]) => {
        const sent = await this.#publish(channel, items, signal);
        at.forEach((index, nth) => {
          const row = rows[index]!;
          const result = Array.isArray(sent) ? (sent[nth] as PublishManyResult) : undefined;
          if (result?.ok === true) results[index] = { row, outcome: "accepted" };
          else results[index] = failed(row, result === undefined ? sent : result.error);
        });
      }),
    );
    return results;
  }

  /** Messaging of `connect()` publishes what is stored. A wrapper around it gets the data. */
  #read(row: RelayRow): StoredMessage | object {
    const shape = this.#shapes.get(row.channel)!;
    const message = messageOf(shape, row);
    return takesStored(this.#messaging) ? message : itemOf(shape, message);
  }

  /** The results, or what publishing rejected with. */
  async #publish(channel: string, items: readonly object[], signal: AbortSignal): Promise<unknown> {
    const shape = this.#shapes.get(channel)!;
    const messaging = this.#messaging;
    try {
      if (takesStored(messaging)) return await publishStored(messaging, shape, items as StoredMessage[], { signal });
      return await messaging.publishMany(shape, items, { signal });
    } catch (error) {
      return error ?? new Error("publishMany failed");
    }
  }
}

function failed(row: RelayRow, error: unknown): SentRow {
  if (isMessagingError(error, "blocked-by-earlier")) return { row, outcome: "unsure" };
  if (!isMessagingError(error) || error.kind !== "permanent" || LEFT.has(error.code))
    return { row, outcome: "unsure", error };
  const reason = error.message.replaceAll("\0", " ").slice(0, LONGEST_REASON).toWellFormed();
  return { row, outcome: "refused", code: error.code, reason, error };
}

/** One line for health and logs. */
export const causeText = (error: unknown): string => excerpt(error instanceof Error ? error.message : String(error));
