/** What packages add to the pipeline: keys for encryption, and stores for the claim check. They are loaded only if configured. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Needed, Place } from "../driver/rights.ts";
import type { Runtime } from "../driver/runtime.ts";
import type { TopologyPlan } from "../driver/topology.ts";
import type { Attributes, Content, Step } from "./content.ts";

/** What an opened extension may use. */
export interface ExtensionContext {
  /** The only source of time, randomness and ids. */
  readonly runtime: Runtime;
  /** The entry's name in the configuration: `orders` for `keys.orders`. */
  readonly name: string;
  /** The service's name. */
  readonly service: string;
  /** The folder of the configuration file, for relative paths. */
  readonly directory: string;
  /** Reports a trouble to `health()`, or with `undefined` that it has passed. `needsPerson`: it will not pass by itself. */
  readonly trouble: (text: string | undefined, needsPerson?: boolean) => void;
}

/** What a module that `keys.<name>.use` names exports as `extension`. */
export interface KeysExtension<O = any> {
  readonly kind: "keys";
  /** The values of `use` that it serves. Default: only its own module. */
  readonly names: readonly string[];
  /** Validates an entry of `keys`, with `use`. It should refuse unknown keys. Its messages must not contain secrets. */
  readonly options: StandardSchemaV1<unknown, O>;
  /** Creates clients. It need not reach a service before it resolves. */
  open(options: O, context: ExtensionContext): Promise<Keys>;
  /** Loads the code that says which rights the calls need, for `policies()`. Import it lazily here. Absent: `policies()` warns. */
  rights?(options: O): Promise<KeysRights>;
}

/**
 * What is done with keys. `write`: bodies are encrypted. `seal`: a consumer encrypts the text of an error for a dead letter, as
 * {@link Cipher.sealText} does. `read`: both are decrypted.
 */
export type KeysCall = "write" | "seal" | "read";

/** Says which rights the calls to keys need. */
export interface KeysRights {
  /** The rights that a call needs for messages of this channel and its contexts. Pure. */
  needed(call: KeysCall, of: Pick<CipherOptions, "channel" | "context" | "contexts">, place: Place): Needed;
}

/** The opened keys of one entry of `keys`. */
export interface Keys {
  cipher(options: CipherOptions): Cipher;
  /** One line for `explain()`: which keys write, which read. No secrets. */
  readonly summary: string;
  close(): Promise<void>;
}

/** How a channel encrypts. */
export interface CipherOptions {
  readonly channel: string;
  /** Stands in each message and is authenticated. A message of another context is refused. */
  readonly context: string;
  /** The contexts that may be read: the channel's own, and those of channels whose dead letters come here. */
  readonly contexts: readonly string[];
  /** `required`: a message that is not encrypted is refused with `not-encrypted`. `optional`: it is read, and counted. */
  readonly accept: "required" | "optional";
}

/** The step that encrypts bodies, and short texts beside them. */
export interface Cipher extends Step {
  readonly name: "encrypt";
  /** Encrypts a short text, such as the error text of a dead letter, for the readers of the channel. */
  sealText(text: string, message: Attributes): string | Promise<string>;
  /** Reads what {@link sealText} wrote. */
  openText(sealed: string, message: Attributes): string | Promise<string>;
}

/** What a module that `claimCheck.store` names exports as `extension`. */
export interface ClaimCheckExtension<O = any> {
  readonly kind: "claim-check";
  /** The values of `store` that it serves. Default: only its own module. */
  readonly names: readonly string[];
  /** Validates `claimCheck`, with `store` but without `above`. */
  readonly options: StandardSchemaV1<unknown, O>;
  /** Where objects are stored, for `explain()`: `s3://bucket/prefix`. No secrets. Default: the value of `store`. */
  place?(options: O): string;
  open(options: O, context: ExtensionContext): Promise<ClaimCheck>;
  /** Loads the code that plans and creates what the store needs, such as a lifecycle rule. Import it lazily here. */
  topology?(options: O, context: ExtensionContext): Promise<ClaimTopology>;
  /** Loads the code that says which rights the calls need, for `policies()`. Import it lazily here. Absent: they need none. */
  rights?(options: O): Promise<ClaimRights>;
}

/** What is done with a claim store: the methods of {@link ClaimCheck} and {@link ClaimTopology}. */
export type ClaimCall = "write" | "read" | "renew" | "plan" | "apply";

/** Says which rights the calls to a claim store need. */
export interface ClaimRights {
  /**
   * The rights that a call needs for messages of these channels. Pure. A consumer of dead letters also reads the objects of the
   * channels that they come from.
   */
  needed(call: ClaimCall, channels: readonly string[], place: Place): Needed;
}

/** A use of a claim store. */
export interface ClaimUse {
  readonly channel: string;
  /** How long an object must be kept, in milliseconds: the longest time for which a message with its pointer may still be read. */
  readonly keepMs: number;
}

/** Plans and creates what a claim store needs. The rules are those of the driver's `Topology`. */
export interface ClaimTopology {
  plan(uses: readonly ClaimUse[], signal: AbortSignal): Promise<TopologyPlan>;
  apply(plan: TopologyPlan, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** A claim check: a step that stores a body elsewhere and puts a pointer in its place. Core runs it only if the message is too large. */
export interface ClaimCheck extends Step {
  readonly name: "claim-check";
  /** One line for `explain()`: where objects are stored. No secrets. */
  readonly summary: string;
  /** Prolongs the life of a message's object before the message is redriven. Rejects with a permanent error if it is gone. */
  renew(content: Pick<Content, "body" | "claim">, message: Attributes): Promise<void>;
  close(): Promise<void>;
}

/** What a module exports as `extension`. */
export type Extension = KeysExtension | ClaimCheckExtension;
