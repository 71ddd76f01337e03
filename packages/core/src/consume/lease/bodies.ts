/** What core must know of the bodies that pass a pipeline. The code that reads them is loaded only if there are any: body-reader.ts. */
import type { Codec } from "../../api/shapes.ts";
import { JOSE_TYPE } from "../../base/media-type.ts";
import type { Reservation } from "../../content/opened-bytes.ts";
import type { Opened } from "../../wire/incoming-message.ts";
import type { DeadInfo, Envelope } from "../../wire/envelope.ts";

/** Reads the bodies of one group. */
export interface Bodies {
  /** How many messages arrived unencrypted although the channel encrypts. */
  readonly plain: number;
  /** The data of a message, not validated. Throws or rejects with a step's error. `together`: shared by the messages of a batch. */
  read(message: Unread, opened: Opened, type: string, codec: Codec | undefined, together: object | undefined): unknown;
  /** The reason of a dead letter. On an encrypted channel it may quote data, so it is encrypted. */
  told(opened: Opened, original: Envelope, why: Told): Promise<Pick<DeadInfo, "reason" | "detail">>;
}

/** Why a message is dead-lettered. */
interface Told {
  readonly code: string;
  readonly reason: string;
  readonly errorClass: string | undefined;
}

/** The code of the error of a body for which there is no memory now. It never leaves core. */
export const NO_ROOM = "no-room";

/** A held message, as the reader of its body sees it. */
export interface Unread {
  readonly delivery: { readonly enqueuedAt?: number };
  /** Aborts when the hold is lost. */
  readonly signal: AbortSignal;
  body: BodyState | undefined;
}

/** True if a message has passed steps, whatever the configuration of the channel that receives it. */
export function isProcessed({ envelope }: Opened): boolean {
  return envelope !== undefined && (envelope.carried !== undefined || envelope.contentType === JOSE_TYPE);
}

/** What a held message knows of the reading of its body. */
export class BodyState {
  /** True if the body was encrypted. Undefined until it is read. */
  encrypted: boolean | undefined = undefined;
  /** Since when the body cannot be read (monotonic), and how often that was tried. */
  since = 0;
  tries = 0;
  /** True if the reason is the message's own, so that it may make room for others. */
  own = false;
  reservation: Reservation | undefined = undefined;

  /** Call this at the end of an attempt. */
  free(): void {
    this.reservation?.free();
  }
}
