/**
 * `resolve` and `reject` of the promise that was just made with `new Promise(captureParts)`. Read them at once: the next such promise
 * overwrites them. Sharing one function avoids a closure per promise, a tenth of what a published message allocates
 * (bench/guard.json).
 */
export const parts: { resolve: (value: any) => void; reject: (error: unknown) => void } = {
  resolve: () => {},
  reject: () => {},
};

export const captureParts = (resolve: (value: any) => void, reject: (error: unknown) => void): void => {
  parts.resolve = resolve;
  parts.reject = reject;
};
