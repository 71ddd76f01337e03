/** Which faults strike whom, and for how long: drawn from the seed alone. */
import { Random } from "../fuzz.ts";

/** Each kind, with the effect that it must show (`audit.ts`) or the run has proved nothing. */
export const faultKinds = [
  /** SIGKILL of a worker in the middle of handling. */
  "kill-worker",
  /** SIGKILL of a publisher with publishes in flight. */
  "kill-publisher",
  /** Connections reset. */
  "cut",
  /** Nothing passes, and nobody is told, for longer than a publish may take. */
  "stall",
  /** What is sent arrives; no answer comes back. */
  "lose-replies",
  /** The wire takes its time. */
  "delay",
  /** The broker stops and starts. */
  "restart",
  /** SIGSTOP of a worker for longer than the broker waits for it, then SIGCONT. */
  "pause",
  /** One process after the other is told to stop, and its successor started. */
  "roll",
] as const;

export type FaultKind = (typeof faultKinds)[number];

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
}

/** Endless. Every kind comes once before any comes again. The first of each role is never ended: it must live through everything. */
export function* schedule(seed: number, cast: Cast, kinds: readonly FaultKind[] = faultKinds): Generator<Fault, never> {
  const random = new Random(seed);
  const { publishers, workers } = cast;
  const between = (least: number, most: number) => least + random.below(most - least);
  const draw = (kind: FaultKind): Omit<Fault, "kind" | "afterMs"> => {
    const publisher = random.of(publishers);
    const worker = random.of(workers);
    const everybody = [...publishers, ...workers];
    switch (kind) {
      case "kill-worker":
        return { on: [random.of(workers.slice(1))], ms: between(200, 2_000) };
      case "kill-publisher":
        return { on: [random.of(publishers.slice(1))], ms: between(200, 2_000) };
      case "cut":
        return { on: random.of([[publisher, worker], everybody]), ms: between(0, 500) };
      case "stall":
        return { on: [publisher, worker], ms: between(8_000, 11_000) };
      case "lose-replies":
        return { on: [publisher], ms: between(6_000, 8_000) };
      case "delay":
        return { on: random.of([[publisher, worker], everybody]), ms: between(3_000, 5_000) };
      case "restart":
        return { on: [], ms: between(0, 2_000) };
      case "pause":
        return { on: [worker], ms: between(9_000, 12_000) };
      case "roll":
        return { on: [...workers.slice(1), ...publishers.slice(1)], ms: between(0, 500) };
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
