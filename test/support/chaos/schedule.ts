/** Which faults strike whom, and for how long: drawn from the seed alone. */
import { Random } from "../fuzz.ts";
import type { Transport } from "./transports.ts";

/** Each kind, with the effect that it must show (`audit.ts`) or the run has proved nothing. */
export const faultKinds = [
  /** SIGKILL of a worker in the middle of handling. */
  "kill-worker",
  /** SIGKILL of a publisher with publishes in flight. */
  "kill-publisher",
  /** SIGKILL of a relay of the outbox with publishes in flight. */
  "kill-relay",
  /** Connections to the broker reset. */
  "cut",
  /** Connections to the database reset: transactions, the relays' and the streams' leases. */
  "cut-store",
  /** Nothing passes, and nobody is told, for longer than a publish may take. */
  "stall",
  /** What is sent arrives; no answer comes back. */
  "lose-replies",
  /** The wire takes its time. */
  "delay",
  /** The broker stops and starts. */
  "restart",
  /** The broker refuses every request: too many. */
  "throttle",
  /** The broker answers every request with its own failure. */
  "server-errors",
  /** Of each batch the broker refuses every other entry. */
  "fail-entries",
  /** Shards are split and merged. */
  "reshard",
  /** SIGSTOP of a worker for longer than its holds last, then SIGCONT. */
  "pause",
  /** SIGSTOP of a relay for longer than its leases last, then SIGCONT. */
  "pause-relay",
  /** One process after the other is told to stop, and its successor started. */
  "roll",
] as const;

export type FaultKind = (typeof faultKinds)[number];

const ONLY: Partial<Record<FaultKind, (transport: Transport) => boolean>> = {
  // The emulators keep what they have in memory.
  restart: (transport) => transport === "rabbit",
  throttle: (transport) => transport !== "rabbit",
  "server-errors": (transport) => transport !== "rabbit",
  "fail-entries": (transport) => transport !== "rabbit",
  reshard: (transport) => transport === "kinesis",
};

/** The kinds that a transport can have. */
export const kindsOf = (transport: Transport): readonly FaultKind[] =>
  faultKinds.filter((kind) => ONLY[kind]?.(transport) ?? true);

export interface Fault {
  readonly kind: FaultKind;
  /** Names of processes. Empty: it strikes the broker. */
  readonly on: readonly string[];
  /** How long it lasts. For a kill: until the successor starts. */
  readonly ms: number;
  /** The time without a fault before it. */
  readonly afterMs: number;
}

export interface Cast {
  readonly publishers: readonly string[];
  readonly workers: readonly string[];
  readonly relays: readonly string[];
}

/** Endless. Every kind comes once before any comes again. The first of each role is never ended: it must live through everything. */
export function* schedule(seed: number, cast: Cast, kinds: readonly FaultKind[] = faultKinds): Generator<Fault, never> {
  const random = new Random(seed);
  const { publishers, workers, relays } = cast;
  const between = (least: number, most: number) => least + random.below(most - least);
  const draw = (kind: FaultKind): Omit<Fault, "kind" | "afterMs"> => {
    const publisher = random.of(publishers);
    const worker = random.of(workers);
    const relay = random.of(relays);
    const everybody = [...publishers, ...workers, ...relays];
    const some = random.of([[publisher, worker, relay], everybody]);
    switch (kind) {
      case "kill-worker":
        return { on: [random.of(workers.slice(1))], ms: between(200, 2_000) };
      case "kill-publisher":
        return { on: [random.of(publishers.slice(1))], ms: between(200, 2_000) };
      case "kill-relay":
        return { on: [random.of(relays.slice(1))], ms: between(200, 2_000) };
      case "cut":
      case "cut-store":
        return { on: some, ms: between(0, 500) };
      case "stall":
        return { on: [publisher, worker], ms: between(12_000, 15_000) };
      case "lose-replies":
        return { on: [publisher, relay, worker], ms: between(12_000, 15_000) };
      case "delay":
        return { on: some, ms: between(3_000, 5_000) };
      case "throttle":
      case "server-errors":
      case "fail-entries":
        return { on: some, ms: between(1_000, 3_000) };
      case "restart":
      case "reshard":
        return { on: [], ms: between(0, 2_000) };
      case "pause":
        return { on: [worker], ms: between(9_000, 12_000) };
      case "pause-relay":
        return { on: [relay], ms: between(6_000, 8_000) };
      case "roll":
        return { on: [...workers.slice(1), ...publishers.slice(1), ...relays.slice(1)], ms: between(0, 500) };
    }
  };
  for (;;) {
    const left = [...kinds];
    while (left.length > 0) {
      const [kind] = left.splice(random.below(left.length), 1) as [FaultKind];
      yield { kind, ...draw(kind), afterMs: between(500, 3_000) };
    }
  }
}
