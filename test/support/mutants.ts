/** Drivers broken on purpose: the memory driver with one promise taken out. */
import { type Hooks, intercept } from "@switchyard/contract";
import { type Claims, type ClaimStore, memoryStore } from "@switchyard/inbox";
import type {
  Adapter,
  Capabilities,
  Delivery,
  Destination,
  Lease,
  Outcome,
  Runtime,
  Sent,
  Settlement,
  WireMessage,
} from "@switchyard/core/driver";

/** A store of inboxes broken on purpose. */
const storing =
  (change: (claims: Claims) => Partial<Claims>): (() => ClaimStore) =>
  () => {
    const store = memoryStore();
    return { ...store, open: (runtime) => ({ ...store.open(runtime), ...change(store.open(runtime)) }) };
  };

export interface Mutant {
  /** What is wrong with it. */
  readonly name: string;
  /** The memory variety it is made of. */
  readonly of: string;
  /** The case that catches it. */
  readonly caughtBy: string;
  /** Fresh for each run: some remember what they have done. */
  hooks(runtime: () => Runtime): Hooks;
  /** A mutant of an inbox's store: the driver is sound. */
  readonly store?: () => ClaimStore;
}

const claims = (more: Partial<Capabilities>): (() => Hooks) => {
  return () => ({ capabilities: (declared) => ({ ...declared, ...more }) });
};

const sending =
  (change: (message: WireMessage, to: Destination) => WireMessage): (() => Hooks) =>
  () => ({ send: (batch, call, to) => call(batch.map((message) => change(message, to))) });

/** Replaces one action on the letters of a dead-letter queue. */
const ofDead =
  (
    action: Settlement["action"],
    instead: (one: Settlement, call: (batch: readonly Settlement[]) => Promise<readonly Outcome[]>) => Promise<Outcome>,
  ): NonNullable<Hooks["settle"]> =>
  (batch, call, from) =>
    Promise.all(
      batch.map(async (one) =>
        from.dead === true && one.action === action ? instead(one, call) : (await call([one]))[0],
      ),
    );

/** A letter that is given back is gone. */
const releasedIsDeleted = ofDead(
  "release",
  async (one, call) => (await call([{ receipt: one.receipt, action: "ack" }]))[0],
);

/** Changes the text of a message's attributes. */
const inCe =
  (what: RegExp, by: string) =>
  (message: WireMessage): WireMessage => {
    const { ce } = message.headers;
    return ce === undefined ? message : { ...message, headers: { ...message.headers, ce: ce.replace(what, by) } };
  };

const settling =
  (change: (one: Settlement) => Settlement): (() => Hooks) =>
  () => ({ settle: (batch, call) => call(batch.map(change)) });

/** The last of a receive and what came with it, by receipt. */
function receives(): {
  readonly hook: NonNullable<Hooks["receive"]>;
  readonly with: (receipt: unknown) => readonly Delivery[];
} {
  const batches: (readonly Delivery[])[] = [];
  return {
    hook: async (max, call) => {
      const got = await call(max);
      if (got !== null) batches.push(got);
      return got;
    },
    with: (receipt) => batches.find((batch) => batch.some((one) => one.receipt === receipt)) ?? [],
  };
}

const ackAll = (lease: Lease, deliveries: readonly Delivery[]): Promise<readonly Outcome[]> =>
  lease.settle(
    deliveries.map(({ receipt }) => ({ receipt, action: "ack" as const })),
    new AbortController().signal,
  );

const foreignOnly = (message: WireMessage): boolean => message.headers["ce"] === undefined;

export const mutants: readonly Mutant[] = [
  {
    name: "fetches all there is, whatever there is room for",
    of: "memory queue",
    caughtBy: "C12-max-in-flight-bytes",
    hooks: (runtime) => {
      const buffers = new Map<Lease, Delivery[]>();
      return {
        lease: (lease, from) => {
          if (from.dead === true) return;
          const buffer: Delivery[] = [];
          buffers.set(lease, buffer);
          const fetch = async (): Promise<void> => {
            const got = await lease.receive(1_000, 1_000, lease.lost);
            buffer.push(...(got ?? []));
            if (got !== null && !lease.lost.aborted) return fetch();
          };
          void fetch().catch(() => {});
        },
        receive: async (max, call, _from, signal, lease) => {
          const buffer = buffers.get(lease);
          if (buffer === undefined) return call(max);
          if (buffer.length === 0) await runtime().sleep(50, signal);
          return buffer.splice(0, max);
        },
      };
    },
  },
  {
    name: "takes a stranger's word for which message is which",
    of: "memory queue",
    caughtBy: "C9-one-id-of-several",
    hooks: () => ({
      receive: async (max, call) =>
        (await call(max))?.map((one) => (foreignOnly(one.message) ? { ...one, id: "order" } : one)) ?? null,
    }),
  },
  {
    name: "gives what has no identity a new one each time, and counts nothing",
    of: "memory queue",
    caughtBy: "C9-foreign-at-once",
    hooks: (runtime) => ({
      receive: async (max, call) =>
        (await call(max))?.map((one) =>
          foreignOnly(one.message) ? { ...one, id: runtime().uuid(), attempt: 1 } : one,
        ) ?? null,
    }),
  },
  {
    name: "hides that its queues give up by themselves",
    of: "memory queue",
    caughtBy: "C9-a-queue-that-gives-up-sooner",
    hooks: () => ({ existing: () => ({}) }),
  },
  {
    name: "claims to keep messages forever",
    of: "memory queue",
    caughtBy: "C9-waits-longer-than-the-retention",
    hooks: () => ({ existing: () => ({ retentionMs: Number.POSITIVE_INFINITY }) }),
  },
  {
    name: "drops foreign headers whose names are not in lower case",
    of: "memory queue",
    caughtBy: "C16-foreign-header-names",
    hooks: sending((message) => ({
      ...message,
      headers: Object.fromEntries(Object.entries(message.headers).filter(([name]) => name === name.toLowerCase())),
    })),
  },
  {
    name: "gives every message of a batch the first one's trace",
    of: "memory queue",
    caughtBy: "H-context-of-publishers",
    hooks: () => ({
      send: (batch, call) => {
        const first = batch.find(({ headers }) => headers["traceparent"] !== undefined);
        if (first === undefined) return call(batch);
        const { traceparent = "" } = first.headers;
        return call(batch.map((message) => ({ ...message, headers: { ...message.headers, traceparent } })));
      },
    }),
  },
  {
    name: "claims to count exactly, and does not say how many wait",
    of: "memory queue",
    caughtBy: "O-depth-unknown",
    hooks: () => ({
      depth: (found) => found.map(({ ready: _, oldestMs: age, ...rest }) => ({ ...rest, oldestMs: age ?? 0 })),
    }),
  },
  {
    name: "offers to extend the holds of a stream, which it says cannot be extended",
    of: "memory as RabbitMQ stream",
    caughtBy: "C7-extend-as-declared",
    hooks: () => ({
      lease: (lease) =>
        Object.assign(lease, { extend: async (receipts: readonly unknown[]) => receipts.map(() => undefined) }),
    }),
  },
  {
    name: "does not count what was given back",
    of: "memory queue, ordered",
    caughtBy: "O-depth-returned",
    hooks: () => {
      let back = 0;
      return {
        settle: (batch, call) => {
          back += batch.filter(({ action }) => action === "release").length;
          return call(batch);
        },
        depth: (found) => found.map((one) => ({ ...one, ready: (one.ready ?? 0) - back })),
      };
    },
  },
  {
    name: "fails a receive when there are no more dead letters",
    of: "memory queue",
    caughtBy: "C13-stop-ends-dead-letter-work",
    hooks: () => ({
      receive: async (max, call, from) => {
        const got = await call(max);
        if (from.dead === true && got?.length === 0) throw new Error("there are no more");
        return got;
      },
    }),
  },
  {
    name: "counts no held messages of other processes",
    of: "memory queue",
    caughtBy: "O-depth-held",
    hooks: () => ({ depth: (found) => found.map((one) => ({ ...one, held: 0 })) }),
  },
  {
    name: "hides a foreign message's content-encoding",
    of: "memory queue",
    caughtBy: "C16-foreign-codings",
    hooks: sending((message) => {
      const { "content-encoding": _, ...headers } = message.headers;
      return foreignOnly(message) ? { ...message, headers } : message;
    }),
  },
  {
    name: "loses the headers of a foreign message's copy",
    of: "memory queue",
    caughtBy: "C11-redrive-foreign",
    hooks: sending((message) => {
      const { headers: _, ...ce } = JSON.parse(message.headers["ce"] ?? "{}") as { source?: string; headers?: unknown };
      return ce.source === "foreign"
        ? { ...message, headers: { ...message.headers, ce: JSON.stringify(ce) } }
        : message;
    }),
  },
  {
    name: "counts an attempt that nobody has made",
    of: "memory queue",
    caughtBy: "B-retry-total-unattempted",
    hooks: () => ({
      receive: async (max, call) =>
        (await call(max))?.map((one) => ({ ...one, attempt: (one.attempt ?? 1) + 1 })) ?? null,
    }),
  },
  {
    name: "forgets until when a message was to wait",
    of: "memory queue",
    caughtBy: "B-retry-total-after-delay",
    hooks: sending(inCe(/,"notbefore":"[^"]*"/, "")),
  },
  {
    name: "knows a receipt for a quarter of a second only",
    of: "memory queue",
    caughtBy: "C6-refused-settlement-is-tried-again",
    hooks: (runtime) => {
      const since = new Map<unknown, number>();
      const forgotten = new Error("forgotten");
      return {
        receive: async (max, call) => {
          const got = await call(max);
          for (const { receipt } of got ?? []) since.set(receipt, runtime().monotonic());
          return got;
        },
        settle: async (batch, call) => {
          const known = batch.filter(({ receipt }) => runtime().monotonic() - (since.get(receipt) ?? 0) <= 250);
          const outcomes = await call(known);
          return batch.map((one) => (known.includes(one) ? outcomes[known.indexOf(one)] : { cause: forgotten }));
        },
        classify: (cause) => (cause === forgotten ? { kind: "lost", code: "forgotten" } : undefined),
      };
    },
  },
  {
    name: "gives holds that never end",
    of: "memory queue",
    caughtBy: "C7-says-why-a-hold-is-lost",
    hooks: () => ({
      receive: async (max, call) => (await call(max))?.map(({ deadline: _, ...rest }) => rest) ?? null,
    }),
  },
  {
    name: "drops what is sent to a dead-letter queue and calls it busy",
    of: "memory queue",
    caughtBy: "C11-blocked-shows-in-health",
    hooks: () => ({
      send: async (batch, call, to) =>
        to.dead === true ? batch.map(() => ({ cause: new Error("busy") })) : call(batch),
      classify: (cause) =>
        cause instanceof Error && cause.message === "busy" ? { kind: "throttled", code: "busy" } : undefined,
    }),
  },
  {
    name: "says of a missing destination that it may come",
    of: "memory queue",
    caughtBy: "C1-missing-shows-in-health",
    hooks: () => ({
      classify: (_cause, during) =>
        during === "open" || during === "send" ? { kind: "retryable", code: "not-yet" } : undefined,
    }),
  },
  {
    name: "calls a missing destination a passing fault",
    of: "memory queue",
    caughtBy: "C13-run-rejects-when-start-fails",
    hooks: () => ({
      classify: (_cause, during) => (during === "open" ? { kind: "retryable", code: "not-yet" } : undefined),
    }),
  },
  {
    name: "waits out its polls, whoever wants them ended",
    of: "memory stream",
    caughtBy: "C12-idle-lease-leaves-room",
    hooks: () => ({
      receive: (max, _call, _from, _signal, lease) => lease.receive(max, 20_000, new AbortController().signal),
    }),
  },
  {
    name: "drops one message in a thousand",
    of: "memory queue",
    caughtBy: "C1-bulk-none-lost",
    hooks: () => {
      let count = 0;
      return {
        send: async (batch, call) => {
          const results: Sent[] = batch.map((_, at) => ({ id: `accepted-${count}-${at}` }));
          const kept = batch.flatMap((message, at) => (++count % 1_000 === 0 ? [] : [{ message, at }]));
          const sent = await call(kept.map(({ message }) => message));
          kept.forEach(({ at }, n) => {
            results[at] = sent[n]!;
          });
          return results;
        },
      };
    },
  },
  {
    name: "takes messages of one id for repetitions of each other",
    of: "memory queue",
    caughtBy: "C4-one-id-of-two-producers",
    hooks: () => {
      const known = new Set<string>();
      return {
        send: async (batch, call) => {
          const results: Sent[] = [];
          for (const message of batch) {
            const [id, hop] = message.dedup!.split(":");
            const repeated = id === "1" && known.has(hop!);
            if (id === "1") known.add(hop!);
            results.push(repeated ? { id: "accepted" } : (await call([message]))[0]!);
          }
          return results;
        },
      };
    },
  },
  {
    name: "counts the hops of a message beyond what a number can hold",
    of: "memory queue",
    caughtBy: "C16-hostile-numbers",
    hooks: sending(({ headers, ...message }) => ({
      ...message,
      headers: { ...headers, ce: (headers["ce"] ?? "").replace(/"hop":\d+/, '"hop":9007199254740992') },
    })),
  },
  {
    name: "passes over what names a group",
    of: "memory queue",
    caughtBy: "C16-group-named-by-a-stranger",
    hooks: () => ({
      receive: async (max, call, _from, _signal, lease) => {
        const got = await call(max);
        if (got === null) return null;
        const named = got.filter(({ message }) => String(message.body).includes('"togroup"'));
        if (named.length > 0) await ackAll(lease, named);
        return got.filter((one) => !named.includes(one));
      },
    }),
  },
  {
    name: "gives a new group what was sent before it was there",
    of: "memory pub/sub",
    caughtBy: "C3-groups-of-the-time",
    hooks: () => {
      const sent: WireMessage[] = [];
      return {
        send: (batch, call) => {
          sent.push(...batch);
          return call(batch);
        },
        receive: async (max, call) => {
          const got = await call(max);
          const [earliest] = sent;
          if (got === null || got.length === 0 || earliest === undefined) return got;
          const known = got.some(({ message }) => message.body === earliest.body);
          return known ? got : [{ ...got[0]!, message: earliest }, ...got];
        },
      };
    },
  },
  {
    name: "acknowledges what it receives at once",
    of: "memory queue",
    caughtBy: "C7-crash-at-await-1",
    hooks: () => ({
      receive: async (max, call, _from, _signal, lease) => {
        const got = await call(max);
        if (got !== null && got.length > 0) await ackAll(lease, got);
        return got;
      },
      settle: async (batch) => batch.map(() => undefined),
    }),
  },
  {
    name: "swaps two messages of a key",
    of: "memory as SQS FIFO",
    caughtBy: "C8-driver-keeps-order",
    hooks: () => ({
      receive: async (max, call) => {
        const got = await call(max);
        if (got === null || got.length < 2 || got[0]!.message.key !== got[1]!.message.key) return got;
        return [got[1]!, got[0]!, ...got.slice(2)];
      },
    }),
  },
  {
    name: "hands over a key while a message of it is held",
    of: "memory queue, ordered",
    caughtBy: "C8-driver-holds-the-key",
    hooks: () => {
      let serial = 0;
      return {
        send: (batch, call) => call(batch.map((message) => ({ ...message, key: `${message.key}-${++serial}` }))),
      };
    },
  },
  {
    name: "goes on with a key while a message of it that was given back is away",
    of: "memory queue, ordered",
    caughtBy: "C8-order-after-a-release",
    hooks: () => {
      let serial = 0;
      return {
        send: (batch, call) => call(batch.map((message) => ({ ...message, key: `${message.key}-${++serial}` }))),
        receive: async (max, call) => {
          const got = await call(max);
          const whole = (key = "") => key.replace(/-\d+$/, "");
          return got && got.map((one) => ({ ...one, message: { ...one.message, key: whole(one.message.key) } }));
        },
        settle: (batch, call) =>
          call(
            batch.map((one) =>
              one.action === "release" ? { ...one, action: "retry" as const, delayMs: 1_000, attempt: 1 } : one,
            ),
          ),
      };
    },
  },
  {
    name: "loses the delay of a publish",
    of: "memory queue",
    caughtBy: "C10-driver-delay",
    hooks: sending(({ delayMs: _, ...message }) => message),
  },
  {
    name: "keeps a retry's delay on average only",
    of: "memory queue",
    caughtBy: "C10-jitter-only-adds",
    hooks: (runtime) => ({
      settle: (batch, call) =>
        call(
          batch.map((one) =>
            one.action === "retry" ? { ...one, delayMs: one.delayMs * 2 * runtime().random() } : one,
          ),
        ),
    }),
  },
  {
    name: "keeps dead letters hidden that are given back",
    of: "memory queue",
    caughtBy: "C11-scan",
    hooks: () => ({ settle: ofDead("release", async () => undefined) }),
  },
  {
    name: "drops the class of the error from dead letters",
    of: "memory queue",
    caughtBy: "C11-scan-filter-and-groups",
    hooks: sending((message, to) => {
      const { ce } = message.headers;
      if (to.dead !== true || ce === undefined) return message;
      return { ...message, headers: { ...message.headers, ce: ce.replace(/,"errorclass":"[^"]*"/, "") } };
    }),
  },
  {
    name: "deletes dead letters that are given back",
    of: "memory queue",
    caughtBy: "C11-redrive-filter",
    hooks: () => ({
      settle: ofDead("release", async (one, call) => (await call([{ receipt: one.receipt, action: "ack" }]))[0]),
    }),
  },
  {
    name: "gives each dead letter an earlier time of its publication than the one before",
    of: "memory queue, ordered",
    caughtBy: "C11-redrive-whole-key",
    hooks: () => {
      let time = 1e12;
      return sending((message, to) => {
        const { ce } = message.headers;
        if (to.dead !== true || ce === undefined) return message;
        const earlier = ce.replace(/"time":"[^"]*"/, `"time":"${new Date((time -= 1_000)).toISOString()}"`);
        return { ...message, headers: { ...message.headers, ce: earlier } };
      })();
    },
  },
  {
    name: "brings each dead letter back with the hop it had",
    of: "memory queue",
    caughtBy: "C11-redrive-canary",
    hooks: sending((message, to) => {
      const { ce } = message.headers;
      if (to.dead !== true || ce === undefined) return message;
      return { ...message, headers: { ...message.headers, ce: ce.replace(/"hop":\d+/, '"hop":1') } };
    }),
  },
  {
    name: "takes no message larger than was published, whatever was added to it",
    of: "memory queue",
    caughtBy: "C11-redrive-at-the-size-limit",
    hooks: () => ({
      send: async (batch, call, to) => {
        const grown = batch.some(({ headers }) => to.dead !== true && headers["ce"]?.includes('"redrives"') === true);
        return grown ? batch.map(() => ({ cause: new Error("too large") })) : call(batch);
      },
    }),
  },
  {
    name: "forgets that a canary has one attempt",
    of: "memory queue",
    caughtBy: "C11-redrive-canary-once",
    hooks: sending(inCe(/,"maxattempts":\d+/, "")),
  },
  {
    name: "deletes dead letters as it hands them out",
    of: "memory queue",
    caughtBy: "C11-redrive-killed",
    hooks: () => ({
      receive: async (max, call, from, _signal, lease) => {
        const got = await call(max);
        if (from.dead === true && got !== null) await ackAll(lease, got);
        return got;
      },
      send: async (batch, call, to) =>
        to.dead !== true && batch.some(({ headers }) => headers["ce"]?.includes('"redrives"') === true)
          ? batch.map(() => ({ id: "lost" }))
          : call(batch),
    }),
  },
  {
    name: "forgets how often a message was redriven",
    of: "memory queue",
    caughtBy: "C11-redrive-limit",
    hooks: sending((message) => {
      const { ce } = message.headers;
      if (ce === undefined) return message;
      return { ...message, headers: { ...message.headers, ce: ce.replace(/,"redrives":\d+/, "") } };
    }),
  },
  {
    name: "gives dead letters back that it was to delete",
    of: "memory queue",
    caughtBy: "C11-purge-filter",
    hooks: () => ({
      settle: ofDead("ack", async (one, call) => (await call([{ receipt: one.receipt, action: "release" }]))[0]),
    }),
  },
  {
    name: "forgets which message caused another",
    of: "memory queue",
    caughtBy: "C11-edit",
    hooks: sending(inCe(/,"causationid":"[^"]*"/, "")),
  },
  {
    name: "deletes dead letters that were only looked for",
    of: "memory queue",
    caughtBy: "C11-edit-not-allowed",
    hooks: () => ({ settle: releasedIsDeleted }),
  },
  {
    name: "shows a dead letter to its first reader only",
    of: "memory queue",
    caughtBy: "C11-edit-is-checked",
    hooks: () => {
      const shown = new Set<string>();
      return {
        receive: async (max, call, from) => {
          const got = await call(max);
          if (from.dead !== true) return got;
          return got?.filter(({ id }) => !shown.has(id) && shown.add(id)) ?? null;
        },
      };
    },
  },
  {
    name: "notes in a dead letter's headers how often it was looked at",
    of: "memory queue",
    caughtBy: "C11-edit-again-is-the-same",
    hooks: () => {
      let looks = 0;
      const noted = (message: WireMessage): WireMessage =>
        inCe(/,"dead":/, `,"headers":{"looks":"${++looks}"},"dead":`)(message);
      return {
        receive: async (max, call, from) => {
          const got = await call(max);
          if (from.dead !== true) return got;
          return got?.map((one) => ({ ...one, message: noted(one.message) })) ?? null;
        },
      };
    },
  },
  {
    name: "gives every group a record that is for one",
    of: "memory stream",
    caughtBy: "C11-edit-reaches-its-group-only",
    hooks: sending((message) => {
      const text = typeof message.body === "string" ? message.body : undefined;
      const forAll = inCe(/,"togroup":"[^"]*"/, "")(message);
      return text === undefined ? forAll : { ...forAll, body: text.replace(/,"togroup":"[^"]*"/, "") };
    }),
  },
  {
    name: "deletes dead letters that were exported and given back",
    of: "memory queue",
    caughtBy: "C11-export-keeps",
    hooks: () => ({ settle: releasedIsDeleted }),
  },
  {
    name: "carries no Chinese among dead letters",
    of: "memory queue",
    caughtBy: "C11-export-import",
    hooks: sending((message, to) =>
      to.dead === true && typeof message.body === "string"
        ? { ...message, body: message.body.replaceAll("漢", "?") }
        : message,
    ),
  },
  {
    name: "deletes dead letters of a reader that gave up",
    of: "memory queue",
    caughtBy: "C11-export-removes-what-is-safe",
    hooks: () => ({ settle: releasedIsDeleted }),
  },
  {
    name: "keeps dead letters that were exported and were to be deleted",
    of: "memory queue",
    caughtBy: "C11-import-refuses",
    hooks: () => ({
      settle: ofDead("ack", async (one, call) => (await call([{ receipt: one.receipt, action: "release" }]))[0]),
    }),
  },
  {
    name: "takes a second copy of a dead letter for the first",
    of: "memory queue",
    caughtBy: "C11-import-twice",
    hooks: () => {
      const known = new Map<string, number>();
      return {
        send: async (batch, call, to) => {
          if (to.dead !== true) return call(batch);
          const fresh = batch.filter(({ headers: { ce = "" } }) => {
            const times = (known.get(ce) ?? 0) + 1;
            known.set(ce, times);
            // The first comes from the consumer, the second from the first import.
            return times < 3;
          });
          const sent = await call(fresh);
          return batch.map((one) => (fresh.includes(one) ? sent[fresh.indexOf(one)]! : { id: "known" }));
        },
      };
    },
  },
  {
    name: "enters every dead letter under one channel",
    of: "memory queue",
    caughtBy: "C11-shared-dead-letters",
    hooks: sending(inCe(/("dead":{.*"channel":)"c2"/, '$1"c1"')),
  },
  {
    name: "loses where the body of an edited message is stored",
    of: "memory queue",
    caughtBy: "D-edited",
    hooks: sending((message) =>
      message.headers["ce"]?.includes('"causationid"') === true ? inCe(/,"dataref":"[^"]*"/, "")(message) : message,
    ),
  },
  {
    name: "cuts the last character of a dead letter that comes back",
    of: "memory queue",
    caughtBy: "D-exported",
    hooks: () => {
      const known = new Set<string>();
      return sending((message, to) => {
        const { ce = "" } = message.headers;
        if (to.dead !== true || typeof message.body !== "string") return message;
        if (!known.has(ce)) {
          known.add(ce);
          return message;
        }
        return { ...message, body: message.body.slice(0, -1) };
      })();
    },
  },
  {
    name: "keeps only the first words of why a message is dead",
    of: "memory queue",
    caughtBy: "C11-says-the-error",
    hooks: sending((message) => {
      const ce = message.headers["ce"];
      if (ce === undefined || !ce.includes('"reason"')) return message;
      return { ...message, headers: { ...message.headers, ce: ce.replace(/("reason":"[^":]*)[^"]*/, "$1") } };
    }),
  },
  {
    name: "gives back earlier than asked",
    of: "memory queue",
    caughtBy: "C10-driver-retry-delay",
    hooks: settling((one) => (one.action === "retry" ? { ...one, delayMs: one.delayMs / 2 } : one)),
  },
  {
    name: "gives messages back one after the other",
    of: "memory queue",
    caughtBy: "C13-many-unstarted",
    hooks: (runtime) => ({
      settle: async (batch, call) => {
        const outcomes = [];
        for (const one of batch) {
          if (one.action === "release") await runtime().sleep(10);
          outcomes.push(...(await call([one])));
        }
        return outcomes;
      },
    }),
  },
  {
    name: "halves the delay of a release",
    of: "memory queue",
    caughtBy: "C5-driver-release-delay",
    hooks: settling((one) =>
      one.action === "release" && one.delayMs !== undefined ? { ...one, delayMs: one.delayMs / 2 } : one,
    ),
  },
  {
    name: "forgets the delay of a release",
    of: "memory as SQS",
    caughtBy: "C5-release-at-stop-is-not-early",
    hooks: settling((one) => (one.action === "release" ? { receipt: one.receipt, action: "release" } : one)),
  },
  {
    name: "counts a message that waits as failed",
    of: "memory queue",
    caughtBy: "C9-more-waiting-than-fit",
    hooks: settling((one) =>
      one.action === "release" && one.delayMs !== undefined
        ? { receipt: one.receipt, action: "retry", delayMs: one.delayMs, attempt: 1 }
        : one,
    ),
  },
  {
    name: "counts the time that a message is held as attempts",
    of: "memory queue",
    caughtBy: "C9-ten-releases-then-failures",
    hooks: (runtime) => ({
      receive: async (max, call) => {
        const from = runtime().monotonic();
        const aged = (one: Delivery): Delivery =>
          Object.defineProperty({ ...one, message: one.message }, "attempt", {
            get: () => 1 + Math.floor((runtime().monotonic() - from) / 500),
          });
        return (await call(max))?.map(aged) ?? null;
      },
    }),
  },
  {
    name: "claims to release without penalty",
    of: "memory as SQS",
    caughtBy: "C9-release-penalty-as-declared",
    hooks: claims({ releaseWithoutPenalty: true }),
  },
  {
    name: "claims a deduplication window it has not",
    of: "memory queue",
    caughtBy: "C4-dedup-inside-the-window",
    hooks: claims({ publishDedupMs: 300_000 }),
  },
  {
    name: "claims larger messages than it takes",
    of: "memory as SQS",
    caughtBy: "C15-limit-observed",
    hooks: claims({ maxMessageBytes: 2 * 2 ** 20 }),
  },
  {
    name: "hides a deduplication window it has",
    of: "memory as SQS FIFO",
    caughtBy: "C4-dedup-inside-the-window",
    hooks: claims({ publishDedupMs: 0 }),
  },
  {
    name: "puts a key elsewhere on another connection",
    of: "memory queue, ordered",
    caughtBy: "C8-order-over-a-restart",
    hooks: () => {
      const senders = new Set<Destination>();
      return {
        send: (batch, call, to) => {
          senders.add(to);
          const serial = senders.size;
          return call(batch.map((message) => ({ ...message, key: `${message.key}-${serial}` })));
        },
      };
    },
  },
  {
    name: "claims an ordering it does not keep",
    of: "memory queue, ordered",
    caughtBy: "C8-driver-gives-the-key",
    hooks: () => ({ send: (batch, call) => call(batch.map(({ key: _, ...message }) => message)) }),
  },
  {
    name: "reports the failure of one item as another's",
    of: "memory queue",
    caughtBy: "C2-result-per-input",
    hooks: () => {
      let done = false;
      return {
        send: async (batch, call) => {
          if (done || batch.length < 3) return call(batch);
          done = true;
          const sent = [...(await call(batch.filter((_, at) => at !== 2)))];
          sent.splice(2, 0, { id: "never-sent" });
          sent[1] = { cause: new Error("the third failed") };
          return sent;
        },
        classify: (cause) =>
          cause instanceof Error && cause.message === "the third failed"
            ? { kind: "retryable", code: "failed" }
            : undefined,
      };
    },
  },
  {
    name: "maps the outcomes of a settlement to the wrong items",
    of: "memory queue",
    caughtBy: "C6-a-stale-receipt-hurts-no-other",
    hooks: () => ({
      settle: async (batch, call) => {
        const outcomes = await call(batch);
        return [...outcomes.slice(1), outcomes[0]];
      },
    }),
  },
  {
    name: "gives every message the same id",
    of: "memory queue",
    caughtBy: "C2-one-result-each",
    hooks: () => ({
      send: async (batch, call) => (await call(batch)).map((sent) => ("id" in sent ? { ...sent, id: "the-id" } : sent)),
    }),
  },
  {
    name: "stores every message twice",
    of: "memory queue",
    caughtBy: "C2-only-failed-are-sent-again",
    hooks: () => ({
      send: async (batch, call) => {
        await call(batch);
        return call(batch);
      },
    }),
  },
  {
    name: "redelivers what is held",
    of: "memory queue",
    caughtBy: "C7-held-is-hidden",
    hooks: () => ({ receiver: (asked) => ({ ...asked, holdMs: 500 }) }),
  },
  {
    name: "says it extended a hold and did not",
    of: "memory queue",
    caughtBy: "C7-extend-keeps",
    hooks: () => ({ extend: async (receipts) => receipts.map(() => undefined) }),
  },
  {
    name: "loses headers",
    of: "memory queue",
    caughtBy: "C16-driver-headers",
    hooks: sending((message) => ({
      ...message,
      headers: Object.fromEntries(Object.entries(message.headers).filter(([name]) => name === "ce")),
    })),
  },
  {
    name: "normalises text",
    of: "memory queue",
    caughtBy: "C16-hostile-bodies",
    hooks: sending((message) =>
      typeof message.body === "string" ? { ...message, body: message.body.normalize("NFC") } : message,
    ),
  },
  {
    name: "never delivers again what failed",
    of: "memory queue",
    caughtBy: "C5-throwing-fails",
    hooks: settling((one) => (one.action === "retry" ? { receipt: one.receipt, action: "ack" } : one)),
  },
  {
    name: "says accepted before the broker has it",
    of: "memory queue",
    caughtBy: "C1-accepted-survives-close",
    hooks: (runtime) => {
      let open = true;
      return {
        send: async (batch, call) => {
          runtime().timer(50, () => {
            if (open) void call(batch);
          });
          return batch.map((_, at) => ({ id: `soon-${at}-${runtime().uuid()}` }));
        },
        close: async (what) => {
          if (what === "sender") open = false;
          return true;
        },
      };
    },
  },
  {
    name: "gives more than it is asked for",
    of: "memory queue",
    caughtBy: "C12-driver-max",
    hooks: () => ({ receive: (max, call) => call(max + 5) }),
  },
  {
    name: "acknowledges neighbours, too",
    of: "memory queue",
    caughtBy: "C6-only-the-given-are-settled",
    hooks: () => {
      const seen = receives();
      return {
        receive: seen.hook,
        settle: async (batch, call, _from, _signal, lease) => {
          const outcomes = await call(batch);
          const given = new Set(batch.map(({ receipt }) => receipt));
          const acked = batch.filter(({ action }) => action === "ack");
          const others = acked
            .flatMap(({ receipt }) => seen.with(receipt))
            .filter(({ receipt }) => !given.has(receipt));
          if (others.length > 0) await ackAll(lease, others);
          return outcomes;
        },
      };
    },
  },
  {
    name: "drops what it has read when a receive is aborted",
    of: "memory queue",
    caughtBy: "C13-driver-abort-loses-nothing",
    hooks: () => ({
      receive: async (max, call, _from, signal, lease) => {
        const got = await call(max);
        if (!signal.aborted || got === null || got.length === 0) return got;
        await ackAll(lease, got);
        return [];
      },
    }),
  },
  {
    name: "tells of an error whatever hangs on it",
    of: "memory queue",
    caughtBy: "C17-classify-tells-no-secret",
    hooks: () => ({
      classify: (cause, during) => ({
        kind: during === "send" ? "ambiguous" : "retryable",
        code: "unknown",
        hint: JSON.stringify(cause),
      }),
    }),
  },
  {
    name: "calls every error retryable",
    of: "memory queue",
    caughtBy: "C17-classify-never-throws",
    hooks: () => ({ classify: () => ({ kind: "retryable", code: "error" }) }),
  },
  {
    name: "keeps a message from one of two groups",
    of: "memory pub/sub",
    caughtBy: "C3-each-group-gets-all",
    hooks: () => {
      let count = 0;
      return {
        receive: async (max, call, from, _signal, lease) => {
          const got = await call(max);
          if (got === null || from.group !== "first") return got;
          const kept = got.filter(() => ++count !== 7);
          if (kept.length < got.length)
            await ackAll(
              lease,
              got.filter((one) => !kept.includes(one)),
            );
          return kept;
        },
      };
    },
  },
  {
    name: "checkpoints what it has read, not what was settled",
    of: "memory stream",
    caughtBy: "S-checkpoint-never-passes-the-unsettled",
    hooks: () => ({
      receive: async (max, call, _from, _signal, lease) => {
        const got = await call(max);
        if (got !== null && got.length > 0) await ackAll(lease, got.slice(-1));
        return got;
      },
    }),
  },
  {
    name: "lets a holder that lost its lease checkpoint",
    of: "memory stream",
    caughtBy: "S-zombie-checkpoint",
    hooks: () => ({ settle: async (batch, call) => (await call(batch)).map(() => undefined) }),
  },
  {
    name: "reads every body as text",
    of: "memory queue",
    caughtBy: "D-compressed",
    hooks: sending(({ body, ...rest }) => ({
      ...rest,
      body: typeof body === "string" ? body : Buffer.from(body).toString(),
    })),
  },
  {
    name: "drops the attributes that it does not know",
    of: "memory queue",
    caughtBy: "D-stored",
    hooks: sending((message) => {
      const { ce } = message.headers;
      if (ce === undefined) return message;
      const { dataref: _, datarefsize: __, datarefsha256: ___, ...known } = JSON.parse(ce) as Record<string, unknown>;
      return { ...message, headers: { ...message.headers, ce: JSON.stringify(known) } };
    }),
  },
  {
    name: "has a store of inboxes that makes no marks",
    of: "memory queue",
    caughtBy: "I-duplicate-skipped",
    hooks: () => ({}),
    store: storing(({ release }) => ({ done: (key, token) => release(key, token) })),
  },
  {
    name: "has a store of inboxes that marks what failed",
    of: "memory queue",
    caughtBy: "I-failure-frees-the-claim",
    hooks: () => ({}),
    store: storing(({ done }) => ({ release: (key, token) => done(key, token, 3_600_000) })),
  },
  {
    name: "has a store of inboxes that marks dead letters",
    of: "memory queue",
    caughtBy: "I-dead-letter-leaves-no-mark",
    hooks: () => ({}),
    store: storing(({ release, done }) => {
      let failures = 0;
      return { release: (key, token) => (++failures < 2 ? release(key, token) : done(key, token, 3_600_000)) };
    }),
  },
  {
    name: "cannot keep what is given back, and counts each delivery",
    of: "memory queue",
    caughtBy: "I-live-claims-use-up-no-attempt",
    hooks: counting,
  },
  {
    name: "counts each delivery while the store of an inbox is down",
    of: "memory queue",
    caughtBy: "I-store-down",
    hooks: counting,
  },
  {
    name: "has a store of inboxes that frees a claim whoever asks",
    of: "memory queue",
    caughtBy: "I-zombie-fails",
    hooks: () => ({}),
    store: storing((claims) => {
      const last = new Map<string, string>();
      return {
        claim: async (key, token, ...times) => {
          const reply = await claims.claim(key, token, ...times);
          if (reply.got === "yes") last.set(key.id, token);
          return reply;
        },
        release: (key) => claims.release(key, last.get(key.id)!),
      };
    }),
  },
  {
    name: "has a store of inboxes that marks a message whoever asks",
    of: "memory queue",
    caughtBy: "I-zombie-succeeds",
    hooks: () => ({}),
    store: storing(() => ({ done: async () => true })),
  },
  {
    name: "has a store of inboxes that grants every claim",
    of: "memory queue",
    caughtBy: "I-batch",
    hooks: () => ({}),
    store: storing(() => ({ claim: async () => ({ got: "yes" }), done: async () => true })),
  },
  {
    name: "has a store of inboxes that knows messages by the ids of their producers alone",
    of: "memory queue",
    caughtBy: "I-foreign-one-id",
    hooks: () => ({
      receive: async (max, call) =>
        (await call(max))?.map((one) => (foreignOnly(one.message) ? { ...one, id: "order" } : one)) ?? null,
    }),
    store: storing((claims) => ({
      claim: (key, ...more) => claims.claim({ ...key, id: key.id.split(" ")[0]! }, ...more),
      done: (key, ...more) => claims.done({ ...key, id: key.id.split(" ")[0]! }, ...more),
      release: (key, ...more) => claims.release({ ...key, id: key.id.split(" ")[0]! }, ...more),
    })),
  },
  {
    name: "has a store of inboxes that forgets nothing",
    of: "memory stream",
    caughtBy: "I-replay",
    hooks: () => ({}),
    store: storing(() => ({ forget: async () => {} })),
  },
  {
    name: "gives to no group what a tail is shown",
    of: "memory pub/sub",
    caughtBy: "W-takes-nothing",
    hooks: () => {
      let watched = false;
      return {
        tails: (tails) => ({
          ...tails,
          open: async (...args) => {
            watched = true;
            return tails.open(...args);
          },
        }),
        receive: async (max, call, _from, _signal, lease) => {
          const got = await call(max);
          if (!watched || got === null) return got;
          await ackAll(lease, got);
          return [];
        },
      };
    },
  },
  {
    name: "keeps what a tail made",
    of: "memory stream",
    caughtBy: "W-leaves-nothing",
    hooks: () => {
      const left: { name: string; expiresAt: number }[] = [];
      return {
        tails: (tails) => ({
          ...tails,
          open: async (of, options, signal) => {
            left.push({ name: `${of.name}-${left.length}`, expiresAt: options.expiresAt });
            return tails.open(of, options, signal);
          },
          left: async () => left,
        }),
      };
    },
  },
];

/** No message can wait in this process for longer than a moment, and each delivery counts as an attempt. */
function counting(runtime: () => Runtime): Hooks {
  const times = new Map<string, number>();
  return {
    capabilities: (declared) => ({ ...declared, attempts: "approximate", releaseWithoutPenalty: false }),
    receive: async (max, call, from) => {
      const got = await call(max);
      if (from.dead === true) return got;
      return (
        got?.map((one) => {
          const attempt = (times.get(one.id) ?? 0) + 1;
          times.set(one.id, attempt);
          return { ...one, attempt, lastDeadline: runtime().monotonic() + 40 };
        }) ?? null
      );
    },
  };
}

export function mutate(adapter: Adapter, mutant: Mutant, runtime: () => Runtime): Adapter {
  return intercept(adapter, mutant.hooks(runtime));
}
