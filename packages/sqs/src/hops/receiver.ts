/** The receiver of a group with `native.hops`. While it is open, it moves the messages of the delay queue on. */
import type { ReceiverDriver } from "@switchyard/core/driver";
import { capabilitiesOf } from "../capabilities.ts";
import { isEncrypted } from "../resource.ts";
import type { Receipt } from "../receiver.ts";
import { type Moving, moveMessages } from "./mover.ts";

export function withHops(receiver: ReceiverDriver<Receipt>, moving: Moving): ReceiverDriver<Receipt> {
  const closing = new AbortController();
  const { existing = {} } = receiver;
  const running = new Set<Promise<void>>();

  return {
    capabilities: capabilitiesOf(moving.to.fifo, moving.to, moving.hops),
    existing: { ...existing, encryptedAtRest: existing.encryptedAtRest === true && isEncrypted(moving.from) },
    async *leases(signal) {
      const moved = moveMessages(moving, AbortSignal.any([signal, closing.signal]));
      running.add(moved);
      yield* receiver.leases(signal);
    },
    close: async () => {
      closing.abort();
      await receiver.close();
      await Promise.all(running);
    },
  };
}
