import type { Capabilities, Model } from "../driver/index.ts";

/**
 * What becomes of a message whose attempts are exhausted: `deadLetter` (queue, pub/sub) and `park` (stream) copy it to the
 * dead-letter destination; `block` retries it for ever; `skip` settles it and says so.
 */
export type Exhausted = "deadLetter" | "park" | "block" | "skip";

/** What `messaging.explain()` gives: plain data, safe to print and to keep. */
export interface Explanation {
  readonly service: string;
  readonly profile: string | null;
  readonly sources: readonly string[];
  readonly channels: Readonly<Record<string, ChannelExplanation>>;
}

export interface ChannelExplanation {
  readonly model: Model;
  readonly transport: string;
  readonly connection: string;
  /** The transport's variety: `fifo`, `standard`; the driver's word, from the physical name and capabilities. */
  readonly form: string;
  readonly address: string;
  readonly needs: readonly string[];
  readonly groups: Readonly<Record<string, GroupExplanation>>;
  readonly capabilities: Capabilities;
  /** `native` settings: what is not portable. */
  readonly notPortable: readonly string[];
}

export interface GroupExplanation {
  readonly address: string;
  readonly deadLetter: string | null;
  readonly concurrency: number;
  readonly maxInFlight: number;
  readonly hold: string;
  readonly retry: string;
  readonly exhausted: Exhausted;
}
