/** A place in a stream, as an operator names it. */

/**
 * Where a replay starts. `at`: a value of `delivery.position`; that message comes first. `time`: a Date or epoch milliseconds, on the
 * broker's clock.
 */
export type ReplayFrom = "earliest" | "latest" | { readonly time: Date | number } | { readonly at: string };
