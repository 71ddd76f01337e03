/** The faults that a run may choose, by name. */

/** What may go wrong in a run. */
export interface Faults {
  /** A process dies, and another begins a second later. */
  readonly crash: boolean;
  /** A process stands still for longer than a hold, as in a long garbage collection. */
  readonly pause: boolean;
  /** An effect takes long: 40 milliseconds, or 3 seconds. */
  readonly slow: boolean;
  /** An effect fails, or is done and its answer lost. */
  readonly effect: boolean;
  /** The broker stores a message twice. Never where it promises not to. */
  readonly duplicate: boolean;
  /** A message arrives later than one published after it. Never where the broker keeps order. */
  readonly delay: boolean;
  /** A publish gets no answer: it was accepted, or it was lost on its way. */
  readonly publish: boolean;
  /** A publish or a receive is refused for now. */
  readonly throttle: boolean;
  /** A publish or a receive is refused for good: it is not allowed, or the right to it is missing. Only if asked for: few services mean to outlive it. */
  readonly refuse: boolean;
  /** A receive gets no answer, or the answer with its messages is lost, so that they come again when their hold is over. */
  readonly receive: boolean;
  /** An acknowledgement does not arrive. */
  readonly ack: boolean;
  /** For longer than a hold, no extension of a hold gets through, so that messages come again while their handlers run. */
  readonly extend: boolean;
  /** A connection is cut. */
  readonly cut: boolean;
  /** The wall clock of a process jumps. */
  readonly clock: boolean;
  /** A process is stopped and started as in a deployment. */
  readonly restart: boolean;
  /** Another process of a service starts while the others run, and stays. */
  readonly join: boolean;
  /** A partition of a stream is split, two are merged, or another process takes one over. */
  readonly reshard: boolean;
}

/** Unless a scenario says otherwise. */
export const ALL_FAULTS: Faults = {
  crash: true,
  pause: true,
  slow: true,
  effect: true,
  duplicate: true,
  delay: true,
  publish: true,
  throttle: true,
  refuse: false,
  receive: true,
  ack: true,
  extend: true,
  cut: true,
  clock: true,
  restart: true,
  join: true,
  reshard: true,
};
