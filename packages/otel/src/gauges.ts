import type { BatchObservableCallback, BatchObservableResult, Meter, ObservableGauge } from "@opentelemetry/api";

/**
 * Gauges that are read together when metrics are collected. OpenTelemetry's SDK for JavaScript keeps exporting the last value of a series that
 * is observed no more, where its specification says that the series ends, so nothing here may rely on a series that ends.
 */
export class Gauges {
  readonly #meter: Meter;
  readonly #gauges: ObservableGauge[];
  readonly #callback: BatchObservableCallback;
  /** How often they are still read, once they are stopped. */
  #left: number | undefined;

  /** `read`: observes what is so now or, at the last time, what is so from then on. */
  constructor(meter: Meter, gauges: ObservableGauge[], read: (result: BatchObservableResult, last: boolean) => void) {
    this.#meter = meter;
    this.#gauges = gauges;
    const callback: BatchObservableCallback = (result) => {
      read(result, this.#left === 1);
      // Afterwards, since the callbacks are being called now.
      if (this.#left !== undefined && --this.#left === 0) void Promise.resolve().then(() => this.#remove());
    };
    this.#callback = callback;
    meter.addBatchObservableCallback(callback, gauges);
  }

  /**
   * They are read twice more: as they are, for a process that exports at its end, and as ended, for one that lives on: a meter outlives the
   * messaging that it serves.
   */
  stop(): void {
    this.#left = 2;
  }

  #remove(): void {
    this.#meter.removeBatchObservableCallback(this.#callback, this.#gauges);
  }
}
