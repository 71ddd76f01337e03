/** Effects: what a handler does outside of itself. A run sees each of them begin and end, and may stop the process in between. */
import { MessagingError } from "@switchyard/core";
import { currentFrame, type Frame } from "./context.ts";

type AsyncOf<F> = F extends (...given: infer A) => infer R
  ? R extends PromiseLike<unknown>
    ? F
    : (...given: A) => Promise<R>
  : never;

declare const untouched: unique symbol;
/** What {@link asItIs} returns. */
export type AsItIs<T> = T & { readonly [untouched]: true };

const asTheyAre = new WeakSet<object>();

/** Keeps an object of the world as it is: its functions are no effects. For objects that the code under test makes effects of by itself. */
export function asItIs<T extends object>(value: T): AsItIs<T> {
  asTheyAre.add(value);
  return value as AsItIs<T>;
}

/** The outside world as a service gets it: each function is an effect and returns a promise. */
export type Effects<W> = {
  readonly [K in keyof W]: W[K] extends (...given: never[]) => unknown
    ? AsyncOf<W[K]>
    : W[K] extends AsItIs<infer T>
      ? T
      : W[K] extends readonly unknown[] | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | Date
        ? W[K]
        : W[K] extends object
          ? { readonly [M in keyof W[K]]: W[K][M] extends (...given: never[]) => unknown ? AsyncOf<W[K][M]> : W[K][M] }
          : W[K];
};

/**
 * Makes a function an effect: `const charge = effect("charge", bank.charge)`. While `checkHandler()` or `explore()` runs a handler, each call
 * is seen, takes a moment, and may be the last thing that the process does. Anywhere else it calls the function and does nothing more.
 *
 * @throws MessagingError `bad-option` if the name is empty or `act` is no function.
 */
export function effect<A extends readonly unknown[], R>(
  name: string,
  act: (...given: A) => R | Promise<R>,
): (...given: A) => Promise<R> {
  if (typeof name !== "string" || name === "" || typeof act !== "function")
    throw new MessagingError("bad-option", "effect() takes a name and a function", { kind: "config" });
  return async (...given) => {
    const frame = currentFrame();
    return frame === undefined ? act(...given) : frame.perform(name, given, () => act(...given));
  };
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};
const LEFT = [Array, Map, Set, WeakMap, Date, RegExp, Promise, ArrayBuffer];

/**
 * The same object, with its functions and those of the objects in it as effects: `bank.charge`. `perform` does an effect for calls
 * outside of a handler.
 */
export function effectsOf<W extends object>(world: W, perform: Frame["perform"], path = "", depth = 0): Effects<W> {
  const wrapped = new Map<PropertyKey, unknown>();
  return new Proxy(world, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof key === "symbol" || key === "constructor") return value;
      if (typeof value !== "function" && (typeof value !== "object" || value === null)) return value;
      if (asTheyAre.has(value)) return value;
      const known = wrapped.get(key);
      if (known !== undefined && (known as { of?: unknown }).of === value) return (known as { is: unknown }).is;
      const name = path === "" ? key : `${path}.${key}`;
      let is: unknown = value;
      if (typeof value === "function") {
        is = (...given: unknown[]) => {
          const act = () => Reflect.apply(value, target, given) as unknown;
          const frame = currentFrame();
          return frame === undefined ? perform(name, given, act) : frame.perform(name, given, act);
        };
      } else if (depth === 0 && !LEFT.some((kind) => value instanceof kind) && (isPlain(value) || methodsOf(value)))
        is = effectsOf(value, perform, name, 1);
      wrapped.set(key, { of: value, is });
      return is;
    },
  }) as unknown as Effects<W>;
}

const methodsOf = (value: object): boolean => Object.getPrototypeOf(value) !== null;
