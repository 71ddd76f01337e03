/** The content of dead letters: what an operator sees of an encrypted or stored one, and how long its stored body lives. */
import type { DeadLetterItem } from "../../api/dead-letters.ts";
import { MessagingError } from "../../api/errors.ts";
import { attributesOf, receivedContent } from "../../consume/lease/body-reader.ts";
import type { Pipeline } from "../../content/pipeline.ts";
import type { Delivery } from "../../driver/index.ts";
import type { Reading } from "../../pipeline/content.ts";
import type { ClaimCheck } from "../../pipeline/extension.ts";
import { asText, dataOf } from "../../wire/codec.ts";
import { decode } from "../../wire/decode.ts";

/** The dead letter with its data and reason read, as far as this process has the keys and may fetch. Otherwise as it was received. */
export async function readable(
  pipeline: Pipeline | undefined,
  channel: string,
  delivery: Delivery,
  item: DeadLetterItem,
): Promise<DeadLetterItem> {
  const decoded = decode(delivery.message);
  if (pipeline === undefined || decoded.foreign) return item;
  const attributes = attributesOf(channel, decoded, decoded.type, delivery.enqueuedAt ?? 0);
  const content = receivedContent(decoded);
  const read = await orUndefined(() => pipeline.read(content, attributes, new Looking(decoded.headers)));
  const { detail } = decoded.envelope.dead ?? {};
  const reason =
    detail === undefined || pipeline.cipher === undefined
      ? undefined
      : await orUndefined(() => pipeline.cipher?.openText(detail, attributes));
  const data =
    read === undefined || read === content ? undefined : await orUndefined(() => dataOf(read, asText(read.body)));
  return {
    ...item,
    ...(data === undefined ? {} : { data }),
    ...(reason === undefined ? {} : { reason }),
  };
}

async function orUndefined<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch {
    return undefined;
  }
}

/** Prolongs the life of the stored body of a dead letter before it is redriven. */
export async function renewed(claimCheck: ClaimCheck, channel: string, delivery: Delivery): Promise<void> {
  const decoded = decode(delivery.message);
  if (decoded.foreign) return;
  const content = receivedContent(decoded);
  if (content.claim === undefined) return;
  await claimCheck.renew(content, attributesOf(channel, decoded, decoded.type, delivery.enqueuedAt ?? 0));
}

/** Refuses a letter whose body is stored elsewhere, where the channel has no store: it could never be handled. */
export function refuseLost(channel: string, delivery: Delivery): void {
  const decoded = decode(delivery.message);
  if (decoded.foreign || receivedContent(decoded).claim?.sha256 === undefined) return;
  const why = "its body is stored elsewhere, and the channel has no `claimCheck` to read it";
  throw new MessagingError("claim-not-configured", `"${channel}": ${why}`, { kind: "permanent" });
}

/** Reading for a person who looks: one letter at a time, so its memory is not limited beyond that of one body. */
export class Looking implements Reading {
  readonly foreign: boolean;
  readonly native: Readonly<Record<string, string>>;
  readonly signal: AbortSignal = new AbortController().signal;

  constructor(headers: Readonly<Record<string, string>>, foreign = false) {
    this.native = headers;
    this.foreign = foreign;
  }

  reserve(): void {}

  encrypted(): void {}
}
