import { copiedError } from "./copied-error.ts";

/** Prints that a callback threw. Its error may hold anything, so a copy is printed. */
export function printThrow(name: string, error: unknown): void {
  console.error(`[switchyard] ${name}() threw`, copiedError(error, { isSafe: () => false }));
}

/** Wraps a user's callback whose result does not matter. If it throws or rejects, the error is only printed to `console`. */
export function guarded<T>(name: string, callback: (value: T) => unknown): (value: T) => void {
  const failed = (error: unknown) => printThrow(name, error);
  return (value) => {
    try {
      const result: unknown = callback(value);
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}
