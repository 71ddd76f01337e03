import { type AnyChannel, connect } from "@switchyard/core";
import type { Adapter, Connection, WireMessage } from "@switchyard/core/driver";
import { adapter as kinesis } from "@switchyard/kinesis";
import { adapter as sqs } from "@switchyard/sqs";
import type { Batch } from "./batch.ts";

/**
 * The messages as `publish()` would send them: checked, with their envelope. Compression, encryption and the claim check of a configuration
 * are left out.
 */
export async function onTheWire({ from, channel, items }: Batch): Promise<readonly WireMessage[]> {
  const sent: WireMessage[] = [];
  const messaging = await connect({
    channels: [channel],
    service: "test",
    config: {
      prefix: "test",
      connections: { wire: { use: capturing(from === "queue" ? sqs : kinesis, sent), provision: "off" } },
      channels: {
        [(channel as unknown as { readonly name: string }).name]: {
          model: from,
          on: "wire",
          groups: { test: {} },
        },
      },
      policies: { default: { deadLetter: "skip" } },
    },
  } as Parameters<typeof connect>[0]);
  try {
    for (const [type, data, options = {}] of items) {
      const { receives: _, ...rest } = options;
      await messaging.publish(channel as AnyChannel as never, type as never, data as never, rest as never);
    }
  } finally {
    await messaging.stop();
  }
  return sent;
}

/** An adapter that says what another can, and keeps what is sent. */
function capturing({ name, capabilities, locate }: Adapter, sent: WireMessage[]): Adapter {
  const connection: Connection = {
    sender: async (to) => ({
      capabilities: capabilities(to, {})!,
      size: () => 0,
      send: async (batch) => {
        sent.push(...batch);
        return batch.map((_, at) => ({ id: String(at) }));
      },
      close: async () => {},
    }),
    receiver: () => Promise.reject(new Error("nothing is received here")),
    classify: () => ({ kind: "permanent", code: "test" }),
    close: async () => {},
  };
  return { name, options: sqs.options, capabilities, locate, open: async () => connection };
}
