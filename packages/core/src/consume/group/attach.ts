import type { AttachContext, AttachedInbox } from "../../api/middleware.ts";
import { MessagingError } from "../../api/errors.ts";
import type { ConsumerShape } from "../../api/shapes.ts";

/** A consumer whose middleware knows its group. */
export interface AttachedConsumer {
  readonly consumer: ConsumerShape;
  /** One line for each middleware that explains itself. */
  readonly explanations: readonly string[];
  /** What its middleware remembers of handled messages. */
  readonly inboxes: readonly AttachedInbox[];
  readonly close: readonly (() => unknown)[];
}

/** True if a middleware of the consumer asks for its group. */
export const attaches = ({ options }: ConsumerShape): boolean =>
  options.use?.some(({ attach }) => attach !== undefined) === true;

/** Tells the middleware of a consumer about its group. Throws `middleware-refused` with all reasons at once. */
export function attachMiddleware(consumer: ConsumerShape, to: AttachContext): AttachedConsumer {
  const problems: string[] = [];
  const explanations: string[] = [];
  const inboxes: AttachedInbox[] = [];
  const close: (() => unknown)[] = [];
  const use = (consumer.options.use ?? []).map((each) => {
    if (each.attach === undefined) return each;
    const got = each.attach(to);
    for (const problem of got.problems ?? []) problems.push(`${each.name}: ${problem}`);
    if (got.explanation !== undefined) explanations.push(`${each.name}: ${got.explanation}`);
    if (got.inbox !== undefined) inboxes.push(got.inbox);
    if (got.close !== undefined) close.push(got.close);
    const { run = each.run, runBatch = each.runBatch } = got;
    return Object.freeze({ ...each, run, ...(runBatch === undefined ? {} : { runBatch }) });
  });
  if (problems.length > 0) {
    const { channel, group } = to;
    for (const end of close) end();
    const text = `consumer "${group}" of "${channel}": ${problems.join("; ")}`;
    throw new MessagingError("middleware-refused", text, { kind: "config", channel, group });
  }
  return { consumer: { ...consumer, options: { ...consumer.options, use } }, explanations, inboxes, close };
}
