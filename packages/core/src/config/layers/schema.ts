/** The structure of the configuration, checked at run time. It mirrors api/config-input.ts. The meaning is checked in resolve/. */
import * as z from "zod";
import { parseByteSize } from "../../api/byte-size.ts";
import { parseDuration } from "../../api/duration.ts";

const DURATION = "a duration such as 250ms, 30s, 15m, 12h or 4d; a bare number is milliseconds";
export const KEBAB = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const KEBAB_TEXT = "kebab-case: lower-case letters, digits and single hyphens";

/** Accepts digits as text too, because `${...}` always gives text. */
const number = (schema: z.ZodType) =>
  z.preprocess((value) => (typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value), schema);
const count = number(z.int("a whole number").min(1, "a whole number from 1 up"));
const duration = z.custom<number | string>((value) => parseDuration(value) !== undefined, DURATION);
const longer = z.custom<number | string>((value) => (parseDuration(value) ?? 0) > 0, `longer than 0: ${DURATION}`);
const BYTES = "a size such as 4KiB, 64MiB or 10MB; a bare number is bytes";
const bytes = z.custom<number | string>((value) => (parseByteSize(value) ?? 0) > 0, BYTES);
const text = z.string("text").min(1, "text, not empty");
const free = z.record(z.string(), z.unknown(), "settings by name");
const name = z.string().regex(KEBAB, KEBAB_TEXT);
const nameOrAll = z.string().refine((value) => value === "*" || KEBAB.test(value), `${KEBAB_TEXT}; or "*" for all`);

/** A module's name, or an extension as a value. It is recognized by its members, because it may come from another copy of core. */
const use = (what: string) =>
  z.custom(
    (value) =>
      typeof value === "string" ? value !== "" : typeof value === "object" && value !== null && "open" in value,
    what,
  );

const share = z.preprocess(
  (value) => (typeof value === "string" && /^[01](\.\d+)?$/.test(value) ? Number(value) : value),
  z.number("a number from 0 to 1").min(0, "a number from 0 to 1").max(1, "a number from 0 to 1"),
);
const start = z.union(
  [
    z.enum(["earliest", "latest"]),
    z.strictObject({ time: z.custom((value) => epoch(value) !== undefined, "ISO 8601 or epoch milliseconds") }),
    z.strictObject({ at: text }),
  ],
  "earliest, latest, { time: ISO 8601 } or { at: a position }",
);

// null is allowed wherever a layer may remove what a lower layer sets; see layers.ts and section.ts.
const group = z.strictObject({
  concurrency: count.nullish(),
  maxInFlight: count.nullish(),
  maxInFlightBytes: bytes.nullish(),
  hold: longer.nullish(),
  policy: text.nullish(),
  start: start.nullish(),
  address: text.nullish(),
  deadLetterAddress: text.nullish(),
  editDeadLetters: z.boolean("true or false").nullish(),
  batch: z.strictObject({ size: count.nullish(), wait: duration.nullish(), perKey: count.nullish() }).nullish(),
  breaker: z
    .strictObject({
      on: z.array(text).min(1).nullish(),
      window: longer.nullish(),
      failures: share.nullish(),
      minimum: count.nullish(),
      pause: z
        .custom((value) => pauseOf(value) !== undefined, "two durations, the shorter first, such as 5s..2m")
        .nullish(),
    })
    .nullish(),
  rate: z
    .strictObject({
      max: count.nullish(),
      per: longer.nullish(),
      key: z.enum(["ordering-key", "fairness-key", "type"]).nullish(),
    })
    .nullish(),
  filter: z.union([z.boolean(), z.array(text).min(1)], "true, false or a list of message types").nullish(),
  runsOn: name.nullish(),
  native: free.nullish(),
});

const channel = z.strictObject({
  model: z.enum(["queue", "pubsub", "stream"]).nullish(),
  on: text.nullish(),
  groups: z
    .record(
      name,
      z.preprocess((value) => (value === undefined ? {} : value), group.nullable()),
      "groups by name: { billing: {} }",
    )
    .nullish(),
  policy: text.nullish(),
  partitions: count.nullish(),
  form: z.enum(["standard", "ordered", "fifo"]).nullish(),
  address: text.nullish(),
  retention: longer.nullish(),
  publish: z
    .strictObject({
      timeout: longer.nullish(),
      maxPending: count.nullish(),
      maxPendingBytes: bytes.nullish(),
      whenFull: z.enum(["wait", "reject"]).nullish(),
    })
    .nullish(),
  atRest: z.enum(["required", "assume"]).nullish(),
  compress: z.strictObject({ above: bytes.nullish(), with: z.enum(["brotli", "gzip", "zstd"]).nullish() }).nullish(),
  encrypt: z
    .strictObject({
      keys: text.nullish(),
      context: text.nullish(),
      accept: z.enum(["required", "optional"]).nullish(),
      until: z.custom((value) => epoch(value) !== undefined, "a date such as 2027-02-01").nullish(),
    })
    .nullish(),
  claimCheck: z
    .looseObject({ store: use("a store such as s3, folder or memory, or a package").nullish(), above: bytes.nullish() })
    .nullish(),
  native: free.nullish(),
});

/**
 * SQS counts at most 1,000 receives, and a thousand waits of the default five minutes take three and a half days. A larger number is a
 * typing error or means "forever", for which there is `deadLetter: block`.
 */
const MOST_ATTEMPTS = 1_000;
const ATTEMPTS = `a whole number from 1 to ${MOST_ATTEMPTS}; to retry forever, set deadLetter: block`;
const rule = {
  attempts: number(z.int(ATTEMPTS).min(1, ATTEMPTS).max(MOST_ATTEMPTS, ATTEMPTS)).nullish(),
  backoff: z.enum(["constant", "linear", "exponential"]).nullish(),
  first: duration.nullish(),
  max: duration.nullish(),
  jitter: share.nullish(),
  total: longer.nullish(),
};
const perError = z.union(
  [z.enum(["deadLetter", "release"]), z.strictObject(rule)],
  "deadLetter, release, or { attempts, backoff, first, max, jitter }",
);
const policy = z.strictObject({
  retry: z.strictObject({ ...rule, errors: z.record(z.string(), perError.nullable()).nullish() }).nullish(),
  deadLetter: z
    .union(
      [z.boolean(), z.enum(["park", "block", "skip"]), z.strictObject({ channel: name })],
      "true, false, park, block, skip or { channel: a channel's name }",
    )
    .nullish(),
});

const key = z.looseObject({ use: use("local, kms, ephemeral or a package").nullish() });

const connection = z.looseObject({
  use: z
    .custom(
      (value) => (typeof value === "string" ? value !== "" : isAdapter(value)),
      "an adapter's name such as sqs, a package, or an adapter",
    )
    .nullish(),
  provision: z.enum(["auto", "verify", "off"]).nullish(),
});

const layer = {
  prefix: z
    .preprocess(
      (value) => (typeof value === "number" ? String(value) : value),
      z.string("text").regex(KEBAB, KEBAB_TEXT),
    )
    .nullish(),
  drain: longer.nullish(),
  connections: z.record(name, connection.nullable(), "connections by name").nullish(),
  channels: z
    .record(
      nameOrAll,
      z.preprocess((value) => (value === undefined ? {} : value), channel.nullable()),
      "channels by name",
    )
    .nullish(),
  policies: z.record(name, policy.nullable(), "policies by name").nullish(),
  keys: z.record(name, key.nullable(), "keys by name").nullish(),
};

export const overlaySchema = z.strictObject(layer);
export const configSchema = z.strictObject({
  ...layer,
  profiles: z
    .record(
      name,
      z.preprocess((value) => value ?? {}, overlaySchema),
      "profiles by name",
    )
    .optional(),
});

/** The first and the longest pause of a breaker, in milliseconds. Undefined if the value is not two durations. */
export function pauseOf(value: unknown): readonly [firstMs: number, longestMs: number] | undefined {
  const parts = typeof value === "string" ? value.split("..") : [];
  const [first = 0, longest = 0] = parts.map((part) => parseDuration(part) ?? 0);
  return parts.length === 2 && first > 0 && longest >= first ? [first, longest] : undefined;
}

/** True for an adapter. It is recognized by its members, because it may come from another copy of core. */
export function isAdapter(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && "open" in value && "capabilities" in value && "options" in value
  );
}

/** Epoch milliseconds of a Date, a number or ISO 8601 text. Undefined for anything else. */
export function epoch(value: unknown): number | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.getTime();
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\d/.test(value)) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}
