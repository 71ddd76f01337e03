/** Sends to a group with `native.hops`: a message with a longer delay goes to the delay queue, any other to the group's own. */
import type { Runtime, SenderDriver, Sent, WireMessage } from "@switchyard/core/driver";
import { capabilitiesOf } from "../capabilities.ts";
import { attributeBytes, DELAY_ATTRIBUTE } from "../message.ts";
import type { Hops } from "../native.ts";
import type { Queue } from "../resource.ts";
import type { Call } from "../sdk.ts";
import { createSender } from "../sender.ts";

export function createHopsSender(queue: Queue, waiting: Queue, hops: Hops, call: Call, runtime: Runtime): SenderDriver {
  const direct = createSender(queue, call, runtime);
  const delayed = createSender(waiting, call, runtime, { hops });
  const isLong = ({ delayMs = 0 }: WireMessage): boolean => delayMs > hops.aboveMs;

  return {
    capabilities: capabilitiesOf(queue.fifo, queue, hops),
    encryptedAtRest: direct.encryptedAtRest === true && delayed.encryptedAtRest === true,
    size: (message) =>
      direct.size(message) + (isLong(message) ? attributeBytes(DELAY_ATTRIBUTE, String(message.delayMs), "Number") : 0),
    async send(batch, signal) {
      const long = batch.filter(isLong);
      if (long.length === 0) return direct.send(batch, signal);
      if (long.length === batch.length) return delayed.send(batch, signal);
      const short = batch.filter((message) => !isLong(message));
      const [first, second] = await Promise.all([
        answered(direct.send(short, signal), short.length),
        answered(delayed.send(long, signal), long.length),
      ]);
      let shorts = 0;
      let longs = 0;
      return batch.map((message) => (isLong(message) ? second[longs++]! : first[shorts++]!));
    },
    close: async () => {},
  };
}

/** One call that fails says nothing of the messages of the other. */
function answered(sending: Promise<readonly Sent[]>, count: number): Promise<readonly Sent[]> {
  return sending.catch((cause: unknown) => Array.from({ length: count }, () => ({ cause })));
}
