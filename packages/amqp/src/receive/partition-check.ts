import type { DriverEvent } from "@switchyard/core/driver";
import { bucketOf, partitionOf } from "../buckets.ts";
import { AmqpFault } from "../errors.ts";

/**
 * Looks whether messages come to the partitions of their keys, and warns of the first that does not: another message of its key may be in
 * another partition, and nothing then keeps the two in order. It warns once.
 */
export class PartitionCheck {
  readonly #address: string;
  readonly #partitions: number;
  readonly #report: (event: DriverEvent) => void;
  #warned = false;

  /** `address` is the exchange in front of the partitions. */
  constructor(address: string, partitions: number, report: (event: DriverEvent) => void) {
    this.#address = address;
    this.#partitions = partitions;
    this.#report = report;
  }

  look(key: string | undefined, partition: number): void {
    if (this.#warned || key === undefined) return;
    const bucket = bucketOf(key);
    const right = partitionOf(bucket, this.#partitions);
    if (right === partition) return;
    this.#warned = true;
    const text = `a message came to "${this.#address}_p${partition}" whose ordering key belongs in "${this.#address}_p${right}", so it may overtake others of its key or be overtaken. Either its publisher does not send the bucket (here bucket-${bucket}), because it is of an earlier version or another program; or "${this.#address}" is still a hash exchange of an earlier version, or lacks bindings: plan() tells`;
    this.#report({ type: "warning", id: this.#address, cause: new AmqpFault("config", "wrong-partition", text) });
  }
}
