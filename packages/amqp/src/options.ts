import type { LeaseStore } from "@switchyard/leases";
import { parseDuration } from "@switchyard/core/driver-kit";
import * as z from "zod";
import { urlProblem } from "./endpoint.ts";
import type { AmqpConnect } from "./sdk.ts";
import { CONSUMER_TIMEOUT_MS, MAX_MESSAGE_BYTES, SECOND } from "./limits.ts";

/** One group of one stream, for which a lease store is made. */
export interface StreamGroup {
  readonly stream: string;
  /** `prefix_channel_group`. It is unique to this stream, so that one table can hold the groups of many streams. */
  readonly group: string;
}

/** Makes the store of one group. It is closed with the group's receiver. */
type LeaseStores = (of: StreamGroup) => LeaseStore;

const duration = (min: number, max: number, text: string) =>
  z
    .union([z.string(), z.number()])
    .refine((value) => within(value, min, max), { error: `must be a duration ${text}` })
    .transform((value) => parseDuration(value) as number);

function within(value: unknown, min: number, max: number): boolean {
  const ms = parseDuration(value);
  return ms !== undefined && ms >= min && ms <= max;
}

const connect = z.custom<AmqpConnect>((value) => typeof value === "function", {
  error: "must be amqplib's connect or a function with the same signature, and can be set only in code",
});

const leases = z.union([
  z.literal("memory"),
  z.custom<LeaseStores>((value) => typeof value === "function", {
    error: 'must be "memory" or, in code, a function that returns a lease store',
  }),
]);

/** PEM text, or the path of a file with it. */
const pem = z.string().min(1);

/** The options of a connection, besides `use`. */
export const amqpOptions = z
  .strictObject({
    /** The broker's address, or the addresses of a cluster, which are tried in turn. Other machines need `amqps:` (see `allowInsecure`). */
    url: z.union([z.string(), z.array(z.string()).min(1)]),
    /** The name of the connections in RabbitMQ's management. Default: the service's name. */
    name: z.string().min(1).max(100).optional(),
    /** A connection that is silent for two heartbeats counts as dead. 1s to 60s in whole seconds; the broker may lower it. Default 10s. */
    heartbeat: duration(SECOND, 60 * SECOND, "from 1s to 60s").default(10 * SECOND),
    /** Time limit for the TCP connection, TLS and the AMQP handshake, for each address. Default 10s. */
    connectTimeout: duration(100, 120 * SECOND, "from 100ms to 2m").default(10 * SECOND),
    /** TLS settings for `amqps:`. Default: the system's authorities and no client certificate. */
    tls: z
      .strictObject({
        /** The certificate authorities to trust: PEM text, or the path of a PEM file. Default: the system's. */
        ca: pem.optional(),
        /** The client's certificate: PEM text, or the path of a PEM file. Needs `key`. */
        cert: pem.optional(),
        /** The client's private key: PEM text, or the path of a PEM file. Needs `cert`. */
        key: pem.optional(),
        /** The passphrase of `key`. */
        passphrase: z.string().optional(),
        /** The host name for SNI, which the certificate must have. Default: the host of the address. */
        servername: z.string().min(1).optional(),
        /** Whether to log in with the client certificate (mechanism EXTERNAL) instead of user and password. Default false. */
        external: z.boolean().optional(),
      })
      .optional(),
    /** Whether plain `amqp:` to another machine is allowed. Default false. */
    allowInsecure: z.boolean().optional(),
    /** The broker's `max_message_size`, in bytes. Default 16 MiB, as in RabbitMQ 4. */
    maxMessageBytes: z
      .int()
      .min(16_384)
      .max(512 * 2 ** 20)
      .default(MAX_MESSAGE_BYTES),
    /** The broker's `consumer_timeout`. Default 30m. */
    consumerTimeout: duration(10 * SECOND, 365 * 86_400_000, "from 10s").default(CONSUMER_TIMEOUT_MS),
    /** The first part of the names of the delay queues. All channels of a broker can share them. Default: the configuration's `prefix`. */
    delays: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,100}$/, "must be up to 100 letters, digits, dots, hyphens and underscores")
      .optional(),
    /**
     * Streams only: where the leases and checkpoints of groups are stored. `memory` is for a single process and for tests, because it is
     * lost when the process ends. In code, a function that returns the store of a group.
     */
    leases: leases.optional(),
    /** Streams only: a partition goes to another worker if its holder has not renewed it for this long. Default 30s. */
    lease: duration(SECOND, 600 * SECOND, "from 1s to 10m").default(30 * SECOND),
    /** Streams only: how long a holder may take to finish before its partition goes to another worker. Default 30s. */
    handover: duration(SECOND, 600 * SECOND, "from 1s to 10m").default(30 * SECOND),
    /**
     * Whether to use our patches of amqplib and our fast paths (`src/fast`). False is slower. Use it to find out whether a new version of
     * amqplib is incompatible with them. Default true.
     */
    fast: z.boolean().optional(),
    /** In code only: replaces amqplib's `connect`. */
    connect: connect.optional(),
  })
  .superRefine((options, context) => {
    const urls = typeof options.url === "string" ? [options.url] : options.url;
    urls.forEach((url, at) => {
      const problem = urlProblem(url, options.allowInsecure === true);
      const path = typeof options.url === "string" ? ["url"] : ["url", at];
      if (problem !== undefined) context.addIssue({ code: "custom", path, message: problem });
    });
    if (options.tls !== undefined && (options.tls.cert === undefined) !== (options.tls.key === undefined)) {
      context.addIssue({ code: "custom", path: ["tls"], message: "set both cert and key, or neither" });
    }
  });

/** The options as the user writes them. */
export type AmqpOptions = z.input<typeof amqpOptions>;
/** The options with defaults filled in and durations in milliseconds. */
export type ResolvedOptions = z.output<typeof amqpOptions>;

export const urlsOf = ({ url }: Pick<ResolvedOptions, "url">): readonly string[] =>
  typeof url === "string" ? [url] : url;
