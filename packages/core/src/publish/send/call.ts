import type { Item } from "./item.ts";
import type { OpenSender } from "./sender-slot.ts";

/**
 * One running `send` of the driver. A class, and emptied when it is over: the engine learns where literals and lists are made, and
 * puts those that lived long once where they are collected late, with all that they hold.
 */
export class Call {
  readonly items: Item[];
  readonly sender: OpenSender;
  readonly controller = new AbortController();
  /** Items somebody still waits for. */
  live: number;
  /** Given up: a driver that ignores its signal. */
  abandoned = false;
  grace: Disposable | undefined = undefined;

  constructor(items: Item[], sender: OpenSender) {
    this.items = items;
    this.sender = sender;
    this.live = items.length;
  }
}
