import type { Attributes, BatchObservableResult, Meter, ObservableGauge } from "@opentelemetry/api";
import type { Duration, GroupDepth, TelemetryContext } from "@switchyard/core";
import { parseDuration } from "@switchyard/core/driver-kit";
import { badOption } from "./bad-option.ts";
import { Gauges } from "./gauges.ts";
import { CONVENTIONAL as IS, OWN, OWN_METRICS } from "./names.ts";
import { PartitionBacklog } from "./partition-backlog.ts";

/** Who emits the backlog of which channels. Give it to one process only: it is the same number whoever asks. */
export interface BacklogOptions {
  /** How often the broker is asked. Default 30s. */
  readonly every?: Duration;
  /** The channels. Default: all of `connect({ channels })`. */
  readonly channels?: readonly { readonly name: string }[];
  /**
   * Report it by queue, shard or partition as well, in metrics of their own: up to four series for each. It shows the shard that is behind.
   * Default false.
   */
  readonly partitions?: boolean;
}

/** A number that was not renewed for this many rounds is unknown. */
const ROUNDS = 3;
const LEAST_MS = 1_000;
const NAMES = ["every", "channels", "partitions"];

/** @throws MessagingError `bad-option`. */
export function checkBacklog(options: unknown): void {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw badOption("backlog", 'pass an object, such as { every: "30s" }');
  for (const name of Object.keys(options))
    if (!NAMES.includes(name)) throw badOption(`backlog.${name}`, `no such option; there are ${NAMES.join(", ")}`);
  const { every, channels, partitions } = options as BacklogOptions;
  if (every !== undefined && !((parseDuration(every) ?? 0) >= LEAST_MS))
    throw badOption("backlog.every", 'pass a duration of at least 1s, such as "30s"');
  if (channels !== undefined && !(Array.isArray(channels) && channels.every((each) => typeof each?.name === "string")))
    throw badOption("backlog.channels", "pass channels, such as [orders]");
  if (partitions !== undefined && typeof partitions !== "boolean")
    throw badOption("backlog.partitions", "pass true or false");
}

type State = "ready" | "delayed" | "held" | "oldest";

interface Series {
  /** Of the series that says whether the number is known. */
  readonly attributes: Attributes;
  /** Of the number. */
  readonly series: Attributes;
}

const keyOf = (channel: string, group: string, state: State): string => JSON.stringify([channel, group, state]);

/** Asks for the backlog from time to time and reports the last answer. If a broker does not answer for three rounds, that is said. */
export class Backlog {
  readonly #context: TelemetryContext;
  readonly #everyMs: number;
  readonly #known = new Map<string, { readonly groups: readonly GroupDepth[]; readonly at: number }>();
  readonly #timers = new Map<string, Disposable>();
  readonly #count: ObservableGauge;
  readonly #age: ObservableGauge;
  readonly #unknown: ObservableGauge;
  readonly #partitions: PartitionBacklog | undefined;
  readonly #gauges: Gauges;
  /** What has been reported, by channel, group and state. */
  readonly #told = new Map<string, Series>();
  readonly #names: readonly string[];
  /** Channels whose broker has not answered at first. */
  readonly #silent = new Set<string>();
  readonly #began: number;
  #stopped = false;

  constructor(
    meter: Meter,
    context: TelemetryContext,
    { every = "30s", channels, partitions = false }: BacklogOptions,
  ) {
    const names = channels?.map(({ name }) => name) ?? context.channels;
    const unknown = names.find((name) => !context.channels.includes(name));
    if (unknown !== undefined) throw badOption("backlog.channels", `"${unknown}" is not one of connect({ channels })`);
    this.#context = context;
    this.#names = names;
    this.#began = context.runtime.monotonic();
    this.#everyMs = parseDuration(every) as number;
    this.#count = meter.createObservableGauge(OWN_METRICS.backlog, {
      unit: "{message}",
      description: "Messages of a group that wait (ready), are delayed, or are held by a consumer.",
    });
    this.#age = meter.createObservableGauge(OWN_METRICS.backlogAge, {
      unit: "s",
      description: "The age of a group's oldest message, 0 if none waits. Absent where the broker does not tell.",
    });
    this.#unknown = meter.createObservableGauge(OWN_METRICS.backlogUnknown, {
      unit: "{state}",
      description:
        "1 while a number of the backlog is not known that was told before: what is reported of it is old. Without a group: nothing was ever told.",
    });
    this.#partitions = partitions ? new PartitionBacklog(meter) : undefined;
    const gauges = [this.#count, this.#age, this.#unknown, ...(this.#partitions?.gauges ?? [])];
    this.#gauges = new Gauges(meter, gauges, (result, last) => this.#observe(result, last));
    // Each on its own: a broker that does not answer holds up no channel of another.
    for (const channel of names) this.#later(channel, 0);
  }

  stop(): void {
    this.#stopped = true;
    this.#gauges.stop();
    for (const timer of this.#timers.values()) timer[Symbol.dispose]();
  }

  #later(channel: string, ms: number): void {
    if (this.#stopped) return;
    const timer = this.#context.runtime.timer(ms, () => void this.#ask(channel));
    // The backlog alone keeps no process alive.
    timer.unref?.();
    this.#timers.set(channel, timer);
  }

  async #ask(channel: string): Promise<void> {
    try {
      const groups = await this.#context.depth(channel);
      this.#known.set(channel, { groups, at: this.#context.runtime.monotonic() });
    } catch {
      // The number becomes unknown, which is what an alert should see; `switchyard lag` says why.
    }
    this.#later(channel, this.#everyMs);
  }

  #observe(result: BatchObservableResult, last: boolean): void {
    const since = this.#context.runtime.monotonic() - ROUNDS * this.#everyMs;
    const known = new Set<string>();
    const tell = (channel: string, group: string, state: State, value: number | undefined) => {
      if (value === undefined) return;
      const key = keyOf(channel, group, state);
      known.add(key);
      const { attributes, series } = this.#seriesOf(key, channel, group, state);
      result.observe(state === "oldest" ? this.#age : this.#count, value, series);
      result.observe(this.#unknown, 0, attributes);
    };
    for (const [channel, { groups, at }] of last ? [] : this.#known) {
      if (at < since) continue;
      this.#partitions?.read(channel, groups);
      for (const { group, oldestMs, unknown, ...depth } of groups) {
        for (const state of ["ready", "delayed", "held"] as const) tell(channel, group, state, depth[state]);
        // Where nothing waits there is no oldest message. An age that was told must not stay, and one that never is has no series.
        const none = !unknown.includes("oldestMs") && this.#told.has(keyOf(channel, group, "oldest"));
        tell(channel, group, "oldest", oldestMs === undefined ? (none ? 0 : undefined) : oldestMs / 1_000);
      }
    }
    this.#partitions?.observe(result);
    for (const [key, { attributes }] of this.#told) if (!known.has(key)) result.observe(this.#unknown, 1, attributes);
    // Of a broker that has never answered nothing has been told, not even its groups.
    for (const channel of this.#names) {
      const answered = this.#known.has(channel);
      if (!answered && this.#began < since) this.#silent.add(channel);
      if (this.#silent.has(channel)) result.observe(this.#unknown, answered ? 0 : 1, { [IS.channel]: channel });
    }
  }

  #seriesOf(key: string, channel: string, group: string, state: State): Series {
    let series = this.#told.get(key);
    if (series === undefined) {
      const at = { [IS.channel]: channel, [IS.group]: group };
      const attributes = { ...at, [OWN.state]: state };
      this.#told.set(key, (series = { attributes, series: state === "oldest" ? at : attributes }));
    }
    return series;
  }
}
