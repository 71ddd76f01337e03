import type { BatchObservableCallback, BatchObservableResult, Meter, ObservableGauge } from "@opentelemetry/api";

/**
 * Gauges that are read together when metrics are collected. OpenTelemetry's SDK for JavaScript keeps exporting the last value of a series that
 * is observed no more, where its specification says that the series ends, so nothing here may rely on a series that ends.
 */
export class Gauges {
  readonly #meter: Meter;
  readonly #gauges: ObservableGauge[];
  readonly #callback: BatchObservableCallback;
  #stopped = false;

  /** `read`: observes what is so now or, at the last time, what is so from then on. */
  constructor(meter: Meter, gauges: ObservableGauge[], read: (result: BatchObservableResult, last: boolean) => void) {
    this.#meter = meter;
    this.#gauges = gauges;
    const callback: BatchObservableCallback = (result) => {
      read(result, this.#stopped);
      // Afterwards, since the callbacks are being called now.
      if (this.#stopped) void Promise.resolve().then(() => this.#remove());
    };
    this.#callback = callback;
    meter.addBatchObservableCallback(callback, gauges);
  }

  /** They are read once more. A meter outlives the messaging that it serves. */
  stop(): void {
    this.#stopped = true;
  }

  #remove(): void {
    this.#meter.removeBatchObservableCallback(this.#callback, this.#gauges);
  }
}
