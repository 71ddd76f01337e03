import type { LeaseStore } from "@switchyard/leases";
import { parseDuration } from "@switchyard/core/driver-kit";
import { z } from "zod";
import { urlProblem } from "./endpoint.ts";
import type { AmqpConnect } from "./sdk.ts";
import { CONSUMER_TIMEOUT_MS, MAX_MESSAGE_BYTES, SECOND } from "./limits.ts";

/** One group's view of one stream. */
export interface StreamGroup {
  readonly stream: string;
  /** `prefix_channel_group`: of this stream and no other, so that one table may hold the groups of many. */
  readonly group: string;
}

/** Makes the store of one group; it is closed when its receiver is. */
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
  error: "must be amqplib's connect, or a function that does the same; it can be given in code only",
});

const leases = z.union([
  z.literal("memory"),
  z.custom<LeaseStores>((value) => typeof value === "function", {
    error: 'must be "memory", or in code a function that gives a lease store',
  }),
]);

/** PEM text, or the path of a file with it. */
const pem = z.string().min(1);

/** What a connection may say besides `use`. */
export const amqpOptions = z
  .strictObject({
    /** One address, or several of one cluster: the next is tried where one does not answer. `amqps:` to other machines. */
    url: z.union([z.string(), z.array(z.string()).min(1)]),
    /** How the broker's management shows the connections. Default: the service's name. */
    name: z.string().min(1).max(100).optional(),
    /** A connection silent for two of these is dead; the broker may ask for less. 1s to 60s, whole seconds; default 10s. */
    heartbeat: duration(SECOND, 60 * SECOND, "from 1s to 60s").default(10 * SECOND),
    /** For the TCP connection, TLS and the handshake, each address for itself. Default 10s. */
    connectTimeout: duration(100, 120 * SECOND, "from 100ms to 2m").default(10 * SECOND),
    /** For `amqps:`; the system's authorities otherwise. */
    tls: z
      .strictObject({
        /** The authorities to trust: PEM text, or the path of a file with it. Default: the system's. */
        ca: pem.optional(),
        /** The client's certificate: PEM text, or the path of a file with it. Goes with `key`. */
        cert: pem.optional(),
        /** The client's private key: PEM text, or the path of a file with it. Goes with `cert`. */
        key: pem.optional(),
        /** The passphrase of `key`. */
        passphrase: z.string().optional(),
        /** SNI, and the name the certificate must have, where it is not the host of the address. */
        servername: z.string().min(1).optional(),
        /** Log in by the client certificate (mechanism EXTERNAL) instead of user and password. Default false. */
        external: z.boolean().optional(),
      })
      .optional(),
    /** Plain `amqp:` to another machine. Default false. */
    allowInsecure: z.boolean().optional(),
    /** The broker's `max_message_size`. Default 16 MiB, as in RabbitMQ 4. */
    maxMessageBytes: z
      .int()
      .min(16_384)
      .max(512 * 2 ** 20)
      .default(MAX_MESSAGE_BYTES),
    /** The broker's `consumer_timeout`. Default 30m. */
    consumerTimeout: duration(10 * SECOND, 365 * 86_400_000, "from 10s").default(CONSUMER_TIMEOUT_MS),
    /** First part of the names of the delay queues, which all channels of a broker may share. Default: the prefix. */
    delays: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,100}$/, "must be up to 100 letters, digits, dots, hyphens and underscores")
      .optional(),
    /**
     * Streams only: where their groups' leases and checkpoints are. `memory` is for one process and for tests: it forgets. In
     * code, a function that gives the store of a group.
     */
    leases: leases.optional(),
    /** Streams only: a partition whose holder said nothing for so long goes to another. Default 30s. */
    lease: duration(SECOND, 600 * SECOND, "from 1s to 10m").default(30 * SECOND),
    /** Streams only: how long a holder may take to finish when another worker is to have its partition. Default 30s. */
    handover: duration(SECOND, 600 * SECOND, "from 1s to 10m").default(30 * SECOND),
    /**
     * False: amqplib as it comes, without our patches and fast paths (`src/fast`). Slower; for
     * telling whether a new version of amqplib disagrees with them. Default true.
     */
    fast: z.boolean().optional(),
    /** In code only: used in place of amqplib's `connect`. */
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
      context.addIssue({ code: "custom", path: ["tls"], message: "cert and key go together" });
    }
  });

/** As written. */
export type AmqpOptions = z.input<typeof amqpOptions>;
/** Defaults filled in, durations in milliseconds. */
export type ResolvedOptions = z.output<typeof amqpOptions>;

export const urlsOf = ({ url }: Pick<ResolvedOptions, "url">): readonly string[] =>
  typeof url === "string" ? [url] : url;
