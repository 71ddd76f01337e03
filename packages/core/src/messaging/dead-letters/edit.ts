/**
 * Edit and resend: a dead letter with changes, sent to the group that failed it as a new message.
 *
 * Its id follows from the letter and the edit. If the process dies after the broker has accepted the message and before the letter is deleted, the
 * same edit makes the same message again, and a consumer that knows ids handles it once.
 */
import { createHash, scryptSync } from "node:crypto";
import type { DeadLetterEdit, EditedLetter } from "../../api/dead-letters.ts";
import { isMessagingError, MessagingError } from "../../api/errors.ts";
import type { ChannelShape } from "../../api/shapes.ts";
import { didYouMean, listed } from "../../base/suggest.ts";
import { attributesOf, dataOfRead, isForeign, receivedContent } from "../../consume/lease/body-reader.ts";
import { Pipeline } from "../../content/pipeline.ts";
import type { Runtime } from "../../driver/index.ts";
import type { ChannelPlan, GroupPlan } from "../../plan/plan.ts";
import type { Preparing } from "../../publish/prepared.ts";
import type { SendQueue } from "../../publish/queue/send-queue.ts";
import { type CheckedMessage, checkForLater } from "../../publish/stored.ts";
import type { Envelope } from "../../wire/envelope.ts";
import type { Opened } from "../../wire/incoming-message.ts";
import { open, renamed } from "../../wire/open-message.ts";
import { Looking } from "./content.ts";
import { EditedMessage } from "./edited-message.ts";
import type { Letter } from "./letter.ts";
import type { Scan } from "./scan.ts";
import type { Session } from "./session.ts";

const FIELDS = ["data", "type", "headers"] as const;
/**
 * The cost of an id on an encrypted channel: about 100 ms and 32 MiB [RFC 7914, section 2: N, r, p]. The id stands in clear, so it must not let
 * anybody try out short texts quickly. The process waits for it: an edit is made by hand.
 */
const SLOW = { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 };

export interface EditParts {
  readonly scan: Scan;
  readonly session: Session;
  readonly shape: ChannelShape;
  /** The name of the service that edits: the source of what was another producer's. */
  readonly service: string;
  readonly channel: ChannelPlan;
  readonly group: GroupPlan;
  readonly pipeline: Pipeline | undefined;
  readonly preparing: Preparing | undefined;
  readonly runtime: Pick<Runtime, "now">;
  readonly target: () => SendQueue;
  /** Called once the message is accepted. */
  readonly sent: (envelope: Envelope) => void;
}

/** @throws MessagingError `bad-edit` if nothing is changed, or something that cannot be. */
export function checkEdit(id: unknown, edit: DeadLetterEdit): void {
  if (typeof id !== "string" || id === "") throw bad("give the id of the dead letter");
  if (typeof edit !== "object" || edit === null) throw bad(`say what to change: ${listed(FIELDS)}`);
  for (const name of Object.keys(edit))
    if (!(FIELDS as readonly string[]).includes(name))
      throw bad(`"${name}" cannot be changed; what can: ${listed(FIELDS)}.${didYouMean(name, FIELDS)}`);
  if (FIELDS.every((name) => edit[name] === undefined))
    throw bad(`say what to change: ${listed(FIELDS)}. To send the letter as it is, use redrive({ ids })`);
  if (edit.type !== undefined && typeof edit.type !== "string") throw bad("type must be the name of a message type");
}

const bad = (text: string) => new MessagingError("bad-edit", `edit: ${text}`, { kind: "config" });

/** Finds the letter, sends what the edit makes of it, and deletes it. */
export async function edited(id: string, edit: DeadLetterEdit, parts: EditParts): Promise<EditedLetter> {
  const { scan, session, channel, group } = parts;
  for await (const { letter } of scan.found()) {
    const message = await messageOf(letter, edit, parts);
    await send(message, letter, parts);
    parts.sent(message.envelope);
    return {
      id: message.envelope.id,
      causationId: id,
      removed: (await session.settle([letter.delivery], "ack")) === 1,
    };
  }
  const { seen, complete } = await scan.result;
  const where = complete ? "" : `, of the ${seen} that could be looked at; look again, or raise max`;
  throw new MessagingError("no-such-dead-letter", `group "${group.group}" has no dead letter of this id${where}`, {
    kind: "permanent",
    channel: channel.channel,
    group: group.group,
    id,
  });
}

interface NewMessage {
  readonly envelope: Envelope;
  readonly body: string | Uint8Array;
}

async function messageOf(letter: Letter, edit: DeadLetterEdit, parts: EditParts): Promise<NewMessage> {
  const { shape, channel, group, service, runtime, pipeline } = parts;
  const opened = open(shape, letter.delivery);
  const original = opened.envelope;
  const foreign = isForeign(opened);
  const source = foreign || original === undefined ? service : original.source;
  const type = edit.type ?? (foreign && original !== undefined ? renamed(shape, opened) : opened.type);
  if (type === undefined)
    throw refused("bad-edit", "the channel does not say what type this letter is; give type", parts, letter);
  const data = edit.data === undefined ? await dataOf(opened, letter, parts) : edit.data;
  // The envelope has whole milliseconds, and an encrypted body is bound to them.
  const now = Math.floor(runtime.now());
  const checked = await checkForLater(
    shape,
    source,
    letter.id,
    type,
    data,
    { headers: headersOf(edit, opened, foreign) },
    now,
  );
  if (original?.key !== undefined && checked.key !== original.key)
    throw refused(
      "edit-changes-key",
      "the edited data has another ordering key, so the message would join the order of another key; keep the key, or publish a new message and purge this letter",
      parts,
      letter,
    );
  const { traceparent, tracestate, ...headers } = checked.headers ?? {};
  return {
    body: checked.body,
    envelope: {
      id: idOf(source, letter.id, checked, pipeline?.cipher !== undefined),
      source,
      type,
      time: now,
      key: checked.key,
      hop: 0,
      contentType: checked.contentType,
      headers,
      traceparent,
      tracestate,
      causationId: letter.id,
      ...(channel.model === "stream" ? { to: group.group } : {}),
    },
  };
}

/** The letter's headers unless others are given, and its trace. Of a foreign message they are its broker's, not a publisher's. */
function headersOf(edit: DeadLetterEdit, opened: Opened, foreign: boolean): Readonly<Record<string, string>> {
  const { traceparent, tracestate } = opened.envelope ?? {};
  return {
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(traceparent === undefined || tracestate === undefined ? {} : { tracestate }),
    ...(edit.headers ?? (foreign ? {} : opened.headers)),
  };
}

/** The letter's data, decrypted and fetched. It cannot be sent again if it cannot be read. */
async function dataOf(opened: Opened, letter: Letter, parts: EditParts): Promise<unknown> {
  const { pipeline, channel, shape } = parts;
  const steps = pipeline ?? new Pipeline({ channel: channel.channel });
  const type = opened.type ?? opened.envelope?.type ?? "";
  const before = receivedContent(opened);
  try {
    const attributes = attributesOf(channel.channel, opened, type, letter.delivery.enqueuedAt ?? 0);
    const content = await steps.read(before, attributes, new Looking(opened.headers, isForeign(opened)));
    return dataOfRead(before, content, opened, type, shape.codec);
  } catch (cause) {
    const why = isMessagingError(cause) ? `: ${cause.message}` : "";
    throw refused(
      "edit-unreadable",
      `the letter's data cannot be read${why}; give data to replace it`,
      parts,
      letter,
      cause,
    );
  }
}

/** A UUID of version 8 [RFC 9562, section 5.8] made of the letter's source and id and of what the edited message says. */
function idOf(source: string, id: string, { type, contentType, headers, body }: CheckedMessage, slow: boolean) {
  const { traceparent: _, tracestate: __, ...own } = headers ?? {};
  const sorted = Object.entries(own).sort(([one], [other]) => (one < other ? -1 : 1));
  const what = createHash("sha256")
    .update(JSON.stringify([source, id, type, contentType, sorted]))
    .update("\n")
    .update(body)
    .digest();
  const bytes = slow ? scryptSync(what, `${source}\n${id}`, 16, SLOW) : what.subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function send({ envelope, body }: NewMessage, letter: Letter, { target, preparing }: EditParts): Promise<void> {
  return new Promise((resolve, reject) => {
    const queue = target();
    const parts = { envelope, body, fairness: letter.delivery.message.fairness, preparing };
    queue.submit(
      new EditedMessage({ ...parts, capabilities: queue.capabilities, accepted: () => resolve(), failed: reject }),
    );
  });
}

function refused(
  code: string,
  text: string,
  { channel, group }: EditParts,
  { id }: Letter,
  cause?: unknown,
): MessagingError {
  return new MessagingError(code, `edit: ${text}`, {
    kind: "permanent",
    channel: channel.channel,
    group: group.group,
    id,
    cause,
  });
}
