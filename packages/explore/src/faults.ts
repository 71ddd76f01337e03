/** The faults that a run may choose, by name. */

/** What may go wrong in a run. */
export interface Faults {
  /** A process dies, and another begins a second later. */
  readonly crash: boolean;
  /** A process stands still for longer than a hold, as in a long garbage collection. */
  readonly pause: boolean;
  /** An effect fails, or is done and its answer lost. */
  readonly effect: boolean;
  /** The broker stores a message twice. Never where it promises not to. */
  readonly duplicate: boolean;
  /** A message arrives later than one published after it. Never where the broker keeps order. */
  readonly delay: boolean;
  /** A publish is refused, or accepted and its answer lost. */
  readonly publish: boolean;
  /** A receive is refused, or the answer with its messages is lost, so that they come again when their hold is over. */
  readonly receive: boolean;
  /** An acknowledgement does not arrive. */
  readonly ack: boolean;
  /** A connection is cut. */
  readonly cut: boolean;
  /** The wall clock of a process jumps. */
  readonly clock: boolean;
  /** A process is stopped and started as in a deployment. */
  readonly restart: boolean;
  /** A partition of a stream is split. */
  readonly reshard: boolean;
}

export const ALL_FAULTS: Faults = {
  crash: true,
  pause: true,
  effect: true,
  duplicate: true,
  delay: true,
  publish: true,
  receive: true,
  ack: true,
  cut: true,
  clock: true,
  restart: true,
  reshard: true,
};
