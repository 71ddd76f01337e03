import {
  type AnyDelivery,
  type AttachContext,
  type Attached,
  DependencyDown,
  type Middleware,
  middleware,
  MessagingError,
  Release,
  Skip,
  verdictKindOf,
} from "@switchyard/core";
import { Due } from "./due.ts";
import { groupKey, keyOf, type MessageKey } from "./key.ts";
import { type Claims, type ClaimStore } from "./store.ts";
import { Sweeper } from "./sweeper.ts";
import { Trouble } from "./trouble.ts";
import { checkOptions, type InboxOptions, windowOf } from "./window.ts";

/** A store that takes longer than this, or a third of the hold, counts as down. Its clients may wait for a connection for ever. */
const CALL_MS = 10_000;

/** How long a message that another holds waits at most until it is looked at again: its holder is done long before its claim ends. */
const LOOK_MS = 1_000;

/**
 * An inbox that claims each message in a store while it is handled, and marks it as handled afterwards. While one process handles a message,
 * no other does; once it is marked, it is skipped when it comes again. A process that dies between the handler's work and the mark leaves
 * none: the message is handled again. With work in PostgreSQL, {@link exactly} has no such gap.
 *
 * A message that another process is handling is given back with a delay, which uses up no attempt. A claim ends with the hold on its message.
 * Whatever is not acknowledged frees its claim and leaves no mark, dead letters included.
 *
 * If the store is down, messages wait as for a `DependencyDown`. If it goes down before a mark is made, the message is acknowledged all the
 * same, and a `warning` with the code `inbox-mark-lost` says so.
 *
 * @throws MessagingError `bad-inbox` if an option is not allowed.
 */
export function claim(store: ClaimStore, options: InboxOptions): Middleware {
  const windowMs = checkOptions("inbox.claim", options);
  if (typeof store?.open !== "function")
    throw new MessagingError("bad-inbox", "inbox.claim: the first argument must be a store, such as memoryStore()", {
      kind: "config",
    });
  // consume() attaches it to a group, so this function never runs.
  return middleware(unattached, {
    name: "inbox.claim",
    attach: (to) => {
      const what = `claims in ${store.name} (${store.strength})`;
      const claims = store.open(to.runtime);
      const group = new ClaimingGroup(store, claims, windowMs, to);
      return {
        ...windowOf(what, windowMs, options.accept, to),
        run: (delivery, next) => group.run(delivery, next),
        inbox: { windowMs, forget: () => claims.forget(groupKey(to.channel, to.group)) },
        close: () => group.close(),
      } satisfies Attached;
    },
  });
}

async function unattached(): Promise<never> {
  throw new MessagingError("bad-inbox", "inbox.claim: the middleware was not attached to a group", { kind: "config" });
}

/** A claim that is held while its message is handled. */
interface Held {
  readonly key: MessageKey;
  readonly token: string;
  readonly delivery: AnyDelivery;
}

interface Call {
  readonly reject: (error: Error) => void;
}

/** The claims of one group in this process. */
class ClaimingGroup {
  readonly #name: string;
  readonly #claims: Claims;
  readonly #windowMs: number;
  readonly #context: AttachContext;
  readonly #renewals: Due<Held>;
  readonly #calls: Due<Call>;
  readonly #sweeper: Sweeper | undefined;
  readonly #trouble: Trouble;

  constructor({ name }: ClaimStore, claims: Claims, windowMs: number, context: AttachContext) {
    const { runtime, holdMs, emit } = context;
    this.#name = name;
    this.#claims = claims;
    this.#windowMs = windowMs;
    this.#context = context;
    this.#renewals = new Due(runtime, holdMs / 3, (held) => this.#renew(held));
    const callMs = Math.min(CALL_MS, holdMs / 3);
    const slow = () => new Error(`${name} did not answer within ${callMs} ms`);
    this.#calls = new Due(runtime, callMs, ({ reject }) => reject(slow()));
    this.#sweeper = claims.sweep === undefined ? undefined : new Sweeper(context, (most) => claims.sweep!(most));
    const text = `the inbox's store ${name} cannot be used; messages wait`;
    this.#trouble = new Trouble(
      emit,
      (cause) => new MessagingError("inbox-unavailable", text, { kind: "retryable", cause }),
    );
  }

  async run(delivery: AnyDelivery, next: () => Promise<void>): Promise<void> {
    this.#sweeper?.start();
    const held: Held = { key: keyOf(delivery), token: this.#context.runtime.uuid(), delivery };
    await this.#claim(held);
    this.#renewals.add(held);
    try {
      await next();
    } catch (error) {
      this.#renewals.delete(held);
      // A skipped message is settled. Whatever else was thrown, it must be handled again.
      if (verdictKindOf(error) === "skip") await this.#mark(held);
      else await this.#release(held);
      throw error;
    }
    this.#renewals.delete(held);
    await this.#mark(held);
  }

  async close(): Promise<void> {
    this.#renewals.close();
    this.#calls.close();
    await this.#sweeper?.close();
  }

  async #claim({ key, token }: Held): Promise<void> {
    const { holdMs } = this.#context;
    const asked = this.#claims.claim(key, token, holdMs, this.#windowMs);
    const reply = await this.#timed(asked).catch((cause: unknown) => {
      // Nobody would use a claim that is granted after all.
      asked.then(({ got }) => (got === "yes" ? this.#claims.release(key, token) : undefined)).catch(() => {});
      this.#trouble.failed(cause);
      throw new DependencyDown(`the inbox's store ${this.#name}`, { cause });
    });
    this.#trouble.works();
    if (reply.got === "done") throw new Skip("handled before");
    if (reply.got === "held") {
      const delay = Math.max(Math.ceil(Math.min(reply.leftMs, LOOK_MS)), 1);
      throw new Release({ delay, orSooner: true });
    }
  }

  #renew(held: Held): void {
    // Once the hold is lost, another may take the message over.
    if (held.delivery.signal.aborted) return;
    this.#renewals.add(held);
    this.#claims.renew(held.key, held.token, this.#context.holdMs).catch(() => {});
  }

  async #release({ key, token }: Held): Promise<void> {
    // Otherwise it ends with its time.
    await this.#timed(this.#claims.release(key, token)).catch(() => {});
  }

  async #mark({ key, token, delivery }: Held): Promise<void> {
    const cause = await this.#timed(this.#claims.done(key, token, this.#windowMs)).then(
      (mine) => (mine ? undefined : new Error("its claim had ended, and may be another's")),
      (failed: unknown) => failed ?? new Error("failed"),
    );
    if (cause === undefined) return;
    const text = `a handled message could not be marked in ${this.#name}; if it comes again, it is handled again`;
    const error = new MessagingError("inbox-mark-lost", text, { kind: "retryable", cause });
    this.#context.emit({ type: "warning", level: "warn", error, id: delivery.id });
  }

  /** Rejects if the call takes too long. The call goes on. */
  #timed<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const call: Call = { reject };
      this.#calls.add(call);
      work.then(
        (value) => {
          this.#calls.delete(call);
          resolve(value);
        },
        (error: unknown) => {
          this.#calls.delete(call);
          reject(error);
        },
      );
    });
  }
}
