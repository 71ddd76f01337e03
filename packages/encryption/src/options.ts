/** The options of an entry of `keys`. */
import { createSecretKey, type KeyObject } from "node:crypto";
import type { ClientLike } from "@switchyard/aws-kit";
import { originProblem, parseDuration } from "@switchyard/core/driver-kit";
import * as z from "zod";
import { KEY_AGE_MS, KEY_BYTES, KEY_USE_BYTES, KEY_USES, MOST_READ_KEYS, UNKNOWN_KEY_MS } from "./limits.ts";
import type { Reuse } from "./provider.ts";

/** `KMSClient` of `@aws-sdk/client-kms` fits. */
export type KmsClientLike = ClientLike;

const client = z.custom<KmsClientLike>((value) => typeof (value as KmsClientLike | null)?.send === "function", {
  error: "must be a KMSClient of @aws-sdk/client-kms; it can be given in code only",
});
const duration = z
  .union([z.string(), z.number()])
  .refine((value) => parseDuration(value) !== undefined, "must be a duration, such as 15m")
  .transform((value) => parseDuration(value) as number);
const kid = z.string().min(1).max(2_000);

/** Ids of local keys. They travel in clear. */
const LOCAL_ID = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/;
/** A key's ARN: `arn:aws:kms:eu-west-1:123456789012:key/…`. */
const KEY_ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]{1,100}$/;
const ALIAS = /^(?:arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:)?alias\/[A-Za-z0-9/_-]{1,250}$/;
/** 32 bytes in base64, also without padding and in the alphabet of URLs. */
const KEY_TEXT = /^[A-Za-z0-9+/_-]{43}=?$/;

/** The options that not every `use` has. A profile that changes `use` keeps none of them. */
const BELONG: Readonly<Record<string, readonly string[]>> = {
  keys: ["local"],
  write: ["local", "kms"],
  read: ["local", "kms"],
  region: ["kms"],
  endpoint: ["kms"],
  profile: ["kms"],
  allowInsecure: ["kms"],
  client: ["kms"],
};

/** An entry of `keys`. */
export const keysOptions = z
  .strictObject({
    /** What holds the keys: `local`, in the configuration; `kms`, AWS KMS; `ephemeral`, a random key of the process, for channels on memory. */
    use: z.enum(["local", "kms", "ephemeral"]),
    /** `local`: the keys by id, each 32 random bytes in base64, as `openssl rand -base64 32` makes them. Take them from the environment or a secret store. */
    keys: z.record(z.string(), z.string()).optional(),
    /** The key that wraps new data keys. `local`: its id. `kms`: its ARN, or an alias. */
    write: kid.optional(),
    /** The keys that are read. `local`: ids, by default all of `keys`. `kms`: ARNs of keys, by default `write` if that is an ARN. */
    read: z.array(kid).max(MOST_READ_KEYS).optional(),
    /** How long a message waits whose key is not in `read`, before it becomes a dead letter `unknown-key`. Default 15m. */
    wait: duration.optional(),
    /** How long a data key is used to write and kept to read. A key disabled in KMS stays in use so long at most. Default 1h. */
    reuse: duration.optional(),
    /** `kms`: the region of an alias without ARN. A key's ARN names its own. Default: as the SDK finds it (`AWS_REGION`, the profile). */
    region: z.string().min(1).optional(),
    /** `kms`: the URL of the KMS API. `http:` is allowed only to this machine unless `allowInsecure`. */
    endpoint: z.string().optional(),
    /** `kms`: a profile of the shared configuration files. */
    profile: z.string().min(1).optional(),
    /** `kms`: allows plain `http:` to another machine. Default false. */
    allowInsecure: z.boolean().optional(),
    /** `kms`, in code only: used for every call. It may retry. */
    client: client.optional(),
  })
  .transform((given, context): KeysOptions => {
    const refuse = (path: readonly PropertyKey[], message: string): void =>
      context.addIssue({ code: "custom", path: [...path], message });
    const { wait: waitMs = UNKNOWN_KEY_MS, reuse: ageMs = KEY_AGE_MS } = given;
    if (ageMs < LEAST_AGE_MS) refuse(["reuse"], "must be at least 1m, or each message would need a key of its own");
    for (const [key, uses] of Object.entries(BELONG))
      if (given[key as keyof typeof given] !== undefined && !uses.includes(given.use))
        refuse([key], `belongs to use: ${uses.join(" and ")}; leave it out`);
    const common = { waitMs, reuse: { messages: KEY_USES, bytes: KEY_USE_BYTES, ageMs } };
    switch (given.use) {
      case "ephemeral":
        return { use: "ephemeral", ...common };
      case "local":
        return { ...localOptions(given, refuse), ...common };
      case "kms":
        return { ...kmsOptions(given, refuse), ...common };
    }
  });

const LEAST_AGE_MS = 60_000;

interface Common {
  readonly waitMs: number;
  readonly reuse: Reuse;
}

interface LocalOptions {
  readonly use: "local";
  readonly keys: ReadonlyMap<string, KeyObject>;
  readonly write: string;
  readonly read: readonly string[];
}

/** What the client of KMS is made from, and its keys. */
export interface KmsOptions {
  readonly use: "kms";
  readonly write: string;
  readonly read: readonly string[];
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly profile?: string | undefined;
  readonly allowInsecure?: boolean | undefined;
  readonly client?: KmsClientLike | undefined;
}

/** An entry of `keys`, checked. It holds local keys as key objects, which no output shows. */
export type KeysOptions = Common & ({ readonly use: "ephemeral" } | LocalOptions | KmsOptions);

interface Given {
  readonly keys?: Readonly<Record<string, string>> | undefined;
  readonly write?: string | undefined;
  readonly read?: readonly string[] | undefined;
}
type Refuse = (path: readonly PropertyKey[], message: string) => void;

function localOptions({ keys: given, write, read }: Given, refuse: Refuse): LocalOptions {
  const keys = new Map<string, KeyObject>();
  const entries = Object.entries(given ?? {});
  for (const [id, text] of entries) {
    if (!LOCAL_ID.test(id)) refuse(["keys", id], "an id is letters, digits and . _ : / -, at most 100 of them");
    const key = keyOf(text);
    if (key === undefined)
      refuse(["keys", id], `must be ${KEY_BYTES} random bytes in base64: openssl rand -base64 ${KEY_BYTES}`);
    else if ([...keys.values()].some((other) => other.equals(key)))
      refuse(["keys", id], "is the same key as another id's; a new id needs a new key");
    else keys.set(id, key);
  }
  if (entries.length === 0)
    refuse(["keys"], `missing; set it to the keys by id, each from openssl rand -base64 ${KEY_BYTES}`);
  const ids = entries.map(([id]) => id);
  const all = ids.length === 0 ? "there are none" : `there are ${ids.join(", ")}`;
  if (write === undefined)
    refuse(["write"], "missing; set it to the id of the key that new messages are encrypted with");
  else if (!ids.includes(write)) refuse(["write"], `no key of this id; ${all}`);
  for (const [at, id] of (read ?? []).entries())
    if (!ids.includes(id)) refuse(["read", at], `no key of this id; ${all}`);
  return { use: "local", keys, write: write ?? "", read: read ?? ids };
}

function keyOf(text: string): KeyObject | undefined {
  const bytes = KEY_TEXT.test(text) ? Buffer.from(text, "base64") : undefined;
  if (bytes?.byteLength !== KEY_BYTES) return undefined;
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

function kmsOptions(given: Given & Omit<KmsOptions, "use" | "write" | "read">, refuse: Refuse): KmsOptions {
  const { write, read, region, endpoint, profile, allowInsecure, client: own } = given;
  const isArn = write !== undefined && KEY_ARN.test(write);
  if (write === undefined)
    refuse(["write"], "missing; set it to the ARN or the alias of the KMS key that new messages are encrypted with");
  else if (!isArn && !ALIAS.test(write))
    refuse(
      ["write"],
      "must be the ARN of a KMS key, such as arn:aws:kms:eu-west-1:123456789012:key/…, or an alias, such as alias/orders",
    );
  if (read === undefined && write !== undefined && !isArn)
    refuse(
      ["read"],
      "missing; list the ARNs of the keys that the alias has stood for: messages name the key and not the alias",
    );
  for (const [at, key] of (read ?? []).entries())
    if (!KEY_ARN.test(key))
      refuse(["read", at], "must be the ARN of a KMS key, such as arn:aws:kms:eu-west-1:123456789012:key/…");
  if (endpoint !== undefined) {
    const problem = originProblem(endpoint, allowInsecure === true, "https://kms.eu-west-1.amazonaws.com");
    if (problem !== undefined) refuse(["endpoint"], problem);
  }
  if (own !== undefined)
    for (const key of ["region", "endpoint", "profile"] as const)
      if (given[key] !== undefined) refuse([key], "cannot stand beside `client`; set it on the client");
  return {
    use: "kms",
    write: write ?? "",
    read: read ?? (write === undefined ? [] : [write]),
    region,
    endpoint,
    profile,
    allowInsecure,
    client: own,
  };
}
