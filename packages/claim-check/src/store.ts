/** A store: what holds the objects. */
import type { Place } from "./places.ts";

/** What is stored with an object. */
export interface About {
  /** SHA-256 of the object, base64url. */
  readonly sha256: string;
  readonly contentType: string;
}

/**
 * Each method rejects with a MessagingError. No store retries for longer than a call takes: core does. Objects never change: an
 * object that is stored again has the same bytes.
 */
export interface Store {
  /** The scheme of the objects' addresses. */
  readonly scheme: "s3" | "folder" | "memory";
  /** Stores an object whole or not at all. If it is there already, its life begins anew. Never ambiguous. */
  put(place: Place, bytes: Uint8Array, about: About, signal: AbortSignal | undefined): Promise<void>;
  /** The object's size in bytes. */
  size(place: Place, signal: AbortSignal): Promise<number>;
  /** The object's bytes, in pieces. It may fail at once with `claim-damaged` if the object's size is not `bytes`. */
  get(place: Place, bytes: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Begins the object's life anew. */
  renew(place: Place): Promise<void>;
  close(): Promise<void>;
}
