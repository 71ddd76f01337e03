import type { ChannelShape } from "../api/shapes.ts";

/** Times further than this (12 days) from the epoch get a new one, because offsets must be small integers (docs/v8.md#small-integers). */
const REACH_MS = 2 ** 30;

/** The fields that all messages of one type of a channel have in common, stored once. */
export class SharedFields {
  readonly shape: ChannelShape;
  /** The service that publishes. */
  readonly source: string;
  readonly type: string;
  /** The messages' times are stored as offsets from here (epoch milliseconds). */
  readonly epoch: number;

  constructor(shape: ChannelShape, source: string, type: string, epoch: number) {
    this.shape = shape;
    this.source = source;
    this.type = type;
    this.epoch = epoch;
  }

  reaches(time: number): boolean {
    return Math.abs(time - this.epoch) < REACH_MS;
  }
}

/** The shared fields of each type of a channel, made when a type is first published. */
export class SharedFieldsByType {
  readonly #shape: ChannelShape;
  readonly #source: string;
  readonly #known: SharedFields[] = [];

  constructor(shape: ChannelShape, source: string) {
    this.#shape = shape;
    this.#source = source;
  }

  of(type: string, time: number): SharedFields {
    const known = this.#known;
    for (let i = 0; i < known.length; i++) {
      const common = known[i] as SharedFields;
      if (common.type === type) return common.reaches(time) ? common : (known[i] = this.#make(type, time));
    }
    const made = this.#make(type, time);
    known.push(made);
    return made;
  }

  #make(type: string, time: number): SharedFields {
    return new SharedFields(this.#shape, this.#source, type, time);
  }
}
