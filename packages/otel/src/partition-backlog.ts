import type { Attributes, BatchObservableResult, Meter, ObservableGauge } from "@opentelemetry/api";
import type { GroupDepth } from "@switchyard/core";
import { CONVENTIONAL as IS, OWN, OWN_METRICS } from "./names.ts";

interface Series {
  readonly gauge: ObservableGauge;
  readonly attributes: Attributes;
}

/**
 * The backlog by queue, shard or partition. Its metrics are its own, so that no sum or maximum of the group's backlog counts it. A series
 * is 0 once nothing is told of it: a shard that was merged away, or a broker that does not answer, of which `switchyard.backlog.unknown` tells.
 */
export class PartitionBacklog {
  readonly #count: ObservableGauge;
  readonly #age: ObservableGauge;
  /** All that have been observed. OpenTelemetry's SDK keeps exporting them. */
  readonly #told = new Map<string, Series>();
  readonly #values = new Map<string, number>();

  constructor(meter: Meter) {
    this.#count = meter.createObservableGauge(OWN_METRICS.partition, {
      unit: "{message}",
      description: "Messages of a queue, shard or partition that wait (ready), are delayed, or are held by a consumer.",
    });
    this.#age = meter.createObservableGauge(OWN_METRICS.partitionAge, {
      unit: "s",
      description: "The age of the oldest message of a queue, shard or partition, 0 if none waits.",
    });
  }

  get gauges(): readonly ObservableGauge[] {
    return [this.#count, this.#age];
  }

  /** Takes what the broker has told of a channel, for the next {@link observe}. */
  read(channel: string, groups: readonly GroupDepth[]): void {
    for (const { group, leases } of groups) {
      for (const { lease, oldestMs, ...depth } of leases) {
        if (lease === undefined) continue;
        const at = { [IS.channel]: channel, [IS.group]: group, [IS.partition]: lease };
        for (const state of ["ready", "delayed", "held"] as const)
          this.#tell(this.#count, { ...at, [OWN.state]: state }, depth[state]);
        this.#tell(this.#age, at, oldestMs === undefined ? undefined : oldestMs / 1_000);
      }
    }
  }

  observe(result: BatchObservableResult): void {
    for (const [key, { gauge, attributes }] of this.#told)
      result.observe(gauge, this.#values.get(key) ?? 0, attributes);
    this.#values.clear();
  }

  #tell(gauge: ObservableGauge, attributes: Attributes, value: number | undefined): void {
    if (value === undefined) return;
    const key = JSON.stringify(Object.values(attributes));
    if (!this.#told.has(key)) this.#told.set(key, { gauge, attributes });
    this.#values.set(key, value);
  }
}
