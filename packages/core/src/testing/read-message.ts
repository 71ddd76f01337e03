import { dataFrom, type Opened } from "../wire/incoming-message.ts";
import { open } from "../wire/open-message.ts";
import type { WireMessage } from "../driver/index.ts";
import { decode } from "../wire/decode.ts";
import { type DeadInfo } from "../wire/envelope.ts";
import type { ChannelShape } from "../api/shapes.ts";

/** A wire message in readable form. `data` is what was published, neither validated nor transformed. */
export interface ReadMessage {
  readonly id: string;
  readonly type: string | undefined;
  readonly data: unknown;
  readonly key?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** 0 for a published message, higher for dead-letter copies and redrives. */
  readonly hop: number;
  readonly foreign: boolean;
  readonly dead?: DeadInfo;
}

/** Reads a wire message for inspection in tests. `brokerId` is the id of a message that has no envelope of ours. */
export function readMessage(channel: ChannelShape, message: WireMessage, brokerId: string): ReadMessage {
  const opened = open(channel, { id: brokerId, message, receipt: undefined, raw: message });
  const decoded = decode(message);
  const envelope = decoded.foreign ? undefined : decoded.envelope;
  const key = envelope?.key ?? message.key;
  return {
    id: opened.id,
    type: opened.type,
    data: readable(opened),
    ...(key === undefined ? {} : { key }),
    headers: opened.headers,
    hop: envelope?.hop ?? 0,
    foreign: opened.foreign,
    ...(envelope?.dead === undefined ? {} : { dead: envelope.dead }),
  };
}

function readable(opened: Opened): unknown {
  try {
    return dataFrom(opened);
  } catch {
    return opened.body;
  }
}
