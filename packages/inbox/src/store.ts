import type { Runtime } from "@switchyard/core";
import type { MessageKey } from "./key.ts";
import type { ClaimReply } from "./protocol.ts";

/** Keeps the claims and marks of any number of groups. `claim()` takes one. */
export interface ClaimStore {
  /** As errors and `explain()` call it. */
  readonly name: string;
  /** `weak`: a failover of the store may forget claims and marks, so that a message is handled again. */
  readonly strength: "strong" | "weak";
  /** Called by `consume()`. It makes no calls. */
  open(runtime: Runtime): Claims;
}

/**
 * An opened store. `claim`, `renew`, `done` and `release` each are one atomic step of the protocol. Times are by the store's own clock, in
 * milliseconds. A method rejects if nobody knows whether it was carried out.
 */
export interface Claims {
  /** Takes the message for `forMs`. A mark is kept for `keptMs` later on: a store that cannot delete by itself needs to know. */
  claim(key: MessageKey, token: string, forMs: number, keptMs: number): Promise<ClaimReply>;
  /** Keeps it for `forMs` from now. False: it is not the token's any more, and nothing was changed. */
  renew(key: MessageKey, token: string, forMs: number): Promise<boolean>;
  /** Marks it as handled, for `keptMs`. False: it is not the token's any more, and nothing was changed. */
  done(key: MessageKey, token: string, keptMs: number): Promise<boolean>;
  /** Gives it up. False: it is not the token's any more, and nothing was changed. */
  release(key: MessageKey, token: string): Promise<boolean>;
  /** Raises the epoch of a group: marks made before do not count any more. Resolves once that holds in every process. */
  forget(group: string): Promise<void>;
  /** Deletes at most `most` claims and marks that no longer count, of any group, and resolves with their number. Absent: they go by themselves. */
  sweep?(most: number): Promise<number>;
}
