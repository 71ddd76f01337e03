/** The error for a `maxInFlight` below {@link Capabilities.minInFlight}. */
export const tooFewInFlight = (maxInFlight: number, least: number): string =>
  `maxInFlight is ${maxInFlight}, but this transport holds at least ${least} messages, one for each partition; raise it to ${least}, or use fewer partitions`;
