/** What runs now: the handler, in which process, for which message. Kept by the async context, so that effects know whose they are. */
import { AsyncLocalStorage } from "node:async_hooks";

/** One run of a handler. */
export interface Frame {
  /** What the story calls the process: `billing 1`. */
  readonly process: string;
  /** The number of the message in the story. 0: none. */
  readonly message: number;
  /** Effects, publishes and waits on the clock that have begun and not ended. */
  waits: number;
  /** The names of the effects under way. */
  readonly running: string[];
  /** The effect that was done last. */
  last: string | undefined;
  /** The handler has returned, whatever it left running. */
  ended: boolean;
  /** An effect begins, and has ended. */
  begins(name: string): void;
  ends(name: string): void;
  /** Does an effect in this frame's process. */
  perform<T>(name: string, args: readonly unknown[], act: () => T | Promise<T>): Promise<T>;
  /** The time that the process has, in milliseconds since the epoch. */
  readonly now: () => number;
  readonly random: () => number;
  readonly uuid: () => string;
}

const frames = new AsyncLocalStorage<Frame>();

export const currentFrame = (): Frame | undefined => frames.getStore();
export const within = <T>(frame: Frame, run: () => T): T => frames.run(frame, run);
