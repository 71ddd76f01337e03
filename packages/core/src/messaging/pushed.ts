/**
 * For packages that receive events instead of messages: `@switchyard/lambda`, an HTTP endpoint that a broker calls. Core handles each
 * event as it handles what it fetches, and gives back the verdicts, of which the package makes the answer. Not for applications.
 */
import type { AnyChannel } from "../api/channel.ts";
import type { Consumer } from "../api/consumer.ts";
import type { ConnectOptions, Messaging } from "../api/messaging.ts";
import type { ConsumerShape } from "../api/shapes.ts";
import { PushedGroup } from "../consume/push/pushed-group.ts";
import { MessagingError } from "../api/errors.ts";
import type { GroupContext } from "../consume/lease/group-context.ts";
import { connectWith } from "./connect-with.ts";
import { lazyConnection } from "./lazy-connection.ts";
import type { MessagingCore } from "./messaging.ts";

export type { EventResult, PushedGroup } from "../consume/push/pushed-group.ts";
export type { PushedEvent, Verdict } from "../driver/push.ts";

/** The options of {@link connectPushed}. */
export interface PushedOptions<Channels extends readonly AnyChannel[] = readonly AnyChannel[]>
  extends ConnectOptions<Channels> {
  /** The consumers whose messages come in events. Others can be registered with `consume()`. */
  readonly consumers: readonly Consumer[];
  /** What runs them, as the configuration's `runsOn` names it: `lambda`. */
  readonly runsOn: string;
}

/** What is connected, with the groups that take events. */
export interface Pushed<C extends AnyChannel = AnyChannel> {
  readonly messaging: Messaging<C>;
  /** In the order of `consumers`. */
  readonly groups: readonly PushedGroup[];
}

/**
 * Connects as `connect()` does, for consumers whose messages come in events. Each connection is opened, and its client loaded, by the first
 * call that needs the broker: to publish, to dead-letter, to settle before the answer. A connection that cannot be opened fails that call,
 * and the next one tries again.
 *
 * @throws MessagingError what `connect()` throws; `runs-elsewhere` if the configuration of a consumer's group does not say `runsOn`.
 */
export async function connectPushed<const Channels extends readonly AnyChannel[]>(
  options: PushedOptions<Channels>,
): Promise<Pushed<Channels[number]>> {
  const { consumers, runsOn, ...rest } = options;
  const messaging = await connectWith<Channels>(rest as ConnectOptions<Channels>, lazyConnection);
  try {
    const core = messaging as unknown as MessagingCore;
    const groups = consumers.map((consumer) => {
      const { context, adapter, options } = core.pushed(consumer as ConsumerShape);
      refuseElsewhere(context, runsOn);
      return new PushedGroup(context, adapter, options);
    });
    return { messaging, groups };
  } catch (error) {
    await messaging.stop();
    throw error;
  }
}

function refuseElsewhere({ channel: { channel }, plan: { group, from } }: GroupContext, runsOn: string): void {
  if (from.runsOn === runsOn) return;
  const where = `channels.${channel}.groups.${group}.runsOn`;
  const text = `group "${group}" of "${channel}" does not run on ${runsOn}: set ${where} to ${runsOn}`;
  throw new MessagingError("runs-elsewhere", text, { kind: "config", channel, group });
}
