import type { ChannelShape, ConsumerShape } from "../../api/shapes.ts";
import type { Destination, Runtime } from "../../driver/index.ts";
import type { ChannelPlan } from "../../plan/plan.ts";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { copyWithoutText, isMessagingError, MessagingError } from "../../api/errors.ts";
import { type Bodies, isProcessed } from "../lease/bodies.ts";
import { excerpt, oneLine } from "../../wire/text.ts";
import { validate, type Validated } from "../../api/schema.ts";
import type { Condemned } from "../lease/held-message.ts";
import { classOf } from "./describe-error.ts";
import type { HeldMessage } from "../lease/held-message.ts";
import { dataFrom, type Opened, openOwn } from "../../wire/incoming-message.ts";
import { otherForms } from "../../wire/other-forms.ts";
import { View, viewOf } from "./view.ts";

/** What screening needs to know about the group. */
export interface ScreenContext {
  /** Reads the bodies, if the channel has a pipeline. */
  readonly bodies?: Bodies | undefined;
  /** Loads a reader for a message that has passed steps although its channel has none here. */
  loadBodies?(): Promise<Bodies>;
  readonly consumer: ConsumerShape;
  readonly runtime: Pick<Runtime, "now">;
  readonly channel: Pick<ChannelPlan, "channel">;
  readonly plan: { readonly group: string; readonly from: Pick<Destination, "nativeAttempts"> };
  readonly describe: (error: unknown) => string;
}

/** The result of screening a delivery. A {@link View} goes to the handler. */
export type Screened =
  | View
  | { readonly kind: "expired" | "elsewhere" }
  | { readonly kind: "ignored"; readonly type: string }
  /** It cannot be read now. The attempt does not count. */
  | { readonly kind: "unavailable"; readonly error: MessagingError }
  | Refused;

type Refused = { readonly kind: "condemned"; readonly condemned: Condemned };

const condemn = (code: string, reason: string): Refused => ({
  kind: "condemned",
  condemned: { action: "deadLetter", code, reason },
});

/**
 * Decides whether a delivery goes to a handler, reads its body and validates its data. Synchronous if nothing must be waited for.
 * `together` is shared by the messages of a batch.
 */
export function screen(context: ScreenContext, message: HeldMessage, together?: object): Screened | Promise<Screened> {
  const { channel, handlers, kind } = context.consumer;
  const forms = otherForms.loaded;
  const opened = (message.opened ??= openOwn(message.delivery) ?? forms?.open(channel, message.delivery));
  if (opened === undefined || (channel.foreign !== undefined && forms === undefined))
    return screenOther(context, message, together);
  const { envelope } = opened;
  let { type } = opened;
  if (envelope?.expiresAt !== undefined && context.runtime.now() >= envelope.expiresAt) return { kind: "expired" };
  // Only on a log: a queue belongs to its group, so no other group would handle the message.
  if (envelope?.to !== undefined && envelope.to !== context.plan.group && message.lease.log)
    return { kind: "elsewhere" };
  const tenures = message.lease.log ? (message.delivery.attempt ?? 1) : 1;
  if (tenures > (context.plan.from.nativeAttempts ?? Number.POSITIVE_INFINITY))
    return condemn("crash-loop", `${tenures - 1} holders of its partition ended without getting past it`);
  if (type === undefined) return untyped(channel);
  let schema = Object.hasOwn(channel.messages, type) ? channel.messages[type] : undefined;
  if (schema === undefined) {
    const now = forms?.renamed(channel, opened);
    if (now !== undefined && Object.hasOwn(channel.messages, now)) {
      type = now;
      schema = channel.messages[now];
    }
  }
  if (schema === undefined)
    return condemn("unknown-type", `channel "${channel.name}" has no message type ${excerpt(type)}`);
  if (kind === "single") {
    const handler = Object.hasOwn(handlers, type) ? handlers[type] : handlers["*"];
    if (handler === "ignore") return { kind: "ignored", type };
    if (handler === undefined)
      return condemn("unhandled-type", `group "${context.plan.group}" has no handler of "${type}"`);
  }
  const { bodies } = context;
  let data: unknown;
  try {
    if (bodies !== undefined) data = bodies.read(message, opened, type, channel.codec, together);
    else if (isProcessed(opened)) data = unexpected(context, message, opened, type, together);
    else data = dataFrom(opened, channel.codec);
  } catch (error) {
    return unreadable(error);
  }
  if (!(data instanceof Promise)) return validated(context, message, opened, type, schema, data);
  const known = { type, schema };
  return data.then((read: unknown) => validated(context, message, opened, known.type, known.schema, read), unreadable);
}

/** Screens a message once the code that reads its form is loaded. If that fails, it is tried again later. */
async function screenOther(context: ScreenContext, message: HeldMessage, together?: object): Promise<Screened> {
  try {
    await otherForms();
  } catch (cause) {
    const text = "the code that reads messages of other producers could not be loaded; see the cause";
    return { kind: "unavailable", error: new MessagingError("not-loaded", text, { kind: "retryable", cause }) };
  }
  return screen(context, message, together);
}

/** Reads a message that has passed steps although its channel has none here: the publisher was deployed first. */
async function unexpected(
  context: ScreenContext,
  message: HeldMessage,
  opened: Opened,
  type: string,
  together: object | undefined,
): Promise<unknown> {
  const bodies = await context.loadBodies!();
  return bodies.read(message, opened, type, context.consumer.channel.codec, together);
}

function validated(
  context: ScreenContext,
  message: HeldMessage,
  opened: Opened,
  type: string,
  schema: StandardSchemaV1,
  data: unknown,
): Screened | Promise<Screened> {
  let result: Validated | Promise<Validated>;
  try {
    result = validate(schema, data);
  } catch (error) {
    return broken(copyWithoutText(error), `${SCHEMA_THREW}: ${classOf(error)}`);
  }
  return result instanceof Promise
    ? later(context, message, opened, type, result)
    : finish(context, message, opened, type, result);
}

function untyped({ name, foreign }: ChannelShape): Refused {
  const why =
    foreign === undefined
      ? `channel "${name}" does not declare \`foreign\`: declare it to give such messages a type`
      : `\`foreign\` of channel "${name}" returned no type for it or threw`;
  return condemn("untyped-message", `not published by Switchyard, and ${why}`);
}

function later(
  context: ScreenContext,
  message: HeldMessage,
  opened: Opened,
  type: string,
  validated: Promise<Validated>,
): Promise<Screened> {
  return validated.then(
    (result) => finish(context, message, opened, type, result),
    (error: unknown) => broken(copyWithoutText(error), `${SCHEMA_THREW}: ${classOf(error)}`),
  );
}

function finish(
  context: ScreenContext,
  message: HeldMessage,
  opened: Opened,
  type: string,
  result: Validated,
): Screened {
  if (result.problems !== undefined) {
    const fields = result.problems.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
    return condemn(
      "invalid-message",
      `"${type}" does not fit its schema: ${fields
        .slice(0, 5)
        .map((text) => oneLine(text, 300))
        .join("; ")}${opened.coded?.note === undefined ? "" : `; ${opened.coded.note}`}`,
    );
  }
  return viewOf(message, opened, type, result.value, context.channel.channel, context.plan.group);
}

const SCHEMA_THREW = "its schema threw";

/** A body that can never be read is condemned, with the code of the step that refused it. Otherwise it is tried again later. */
function unreadable(error: unknown): Screened {
  if (!isMessagingError(error)) return broken(error, "the body cannot be read");
  if (error.kind !== "permanent") return { kind: "unavailable", error };
  const code = error.code === "not-json" || error.code === "not-decodable" ? "invalid-message" : error.code;
  return { kind: "condemned", condemned: { action: "deadLetter", code, reason: error.message, error } };
}

function broken(error: unknown, reason: string): Screened {
  return { kind: "condemned", condemned: { action: "deadLetter", code: "invalid-message", reason, error } };
}
