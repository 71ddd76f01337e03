import type { Depth } from "@switchyard/core/driver";
import { partitionQueues } from "../names.ts";
import { lastOffset } from "./last-offset.ts";
import { storeOf } from "./lease-stores.ts";
import type { StreamSetting } from "./stream-receiver.ts";

/** The number of records after the checkpoint of each partition. */
export async function streamDepth(
  { of, options, link, runtime }: StreamSetting,
  signal: AbortSignal,
): Promise<readonly Depth[]> {
  const store = storeOf(of, options);
  try {
    await store.open(signal, runtime);
    const rows = new Map((await store.load(signal)).leases.map((row) => [row.key, row.checkpoint]));
    return await Promise.all(
      partitionQueues(of).map(async (lease): Promise<Depth> => {
        const checkpoint = rows.get(lease);
        const last = await lastOffset(lease, link, runtime, signal);
        if (typeof checkpoint === "object" && "sequence" in checkpoint) {
          return { lease, ready: Math.max(0, (last ?? 0) - Number(checkpoint.sequence)) };
        }
        const state = await link.withChannel(signal, (channel) => channel.rpc((raw) => raw.checkQueue(lease), signal));
        return { lease, ready: state.messageCount };
      }),
    );
  } finally {
    await store.close();
  }
}
