/**
 * The functions that end the promise just made with `new Promise(captureParts)`. One function serves all promises, where each
 * would have a closure and its context: a tenth of what a published message allocates (bench/guard.json). Read them at once: the
 * next such promise overwrites them.
 */
export const parts: { resolve: (value: any) => void; reject: (error: unknown) => void } = {
  resolve: () => {},
  reject: () => {},
};

export const captureParts = (resolve: (value: any) => void, reject: (error: unknown) => void): void => {
  parts.resolve = resolve;
  parts.reject = reject;
};
