import type { Item } from "./item.ts";
import type { OpenSender } from "./sender-slot.ts";

/** One running `send` of the driver. */
export interface Call {
  readonly items: readonly Item[];
  readonly sender: OpenSender;
  readonly controller: AbortController;
  /** Items somebody still waits for. */
  live: number;
  /** Given up: a driver that ignores its signal. */
  abandoned: boolean;
  grace: Disposable | undefined;
}
