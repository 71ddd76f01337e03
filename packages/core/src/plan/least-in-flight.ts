/** Says that a group may hold fewer messages than its transport always holds: a broker that pushes gives the reader of each partition one. */
export const tooFewInFlight = (maxInFlight: number, least: number): string =>
  `maxInFlight is ${maxInFlight}, but this transport holds at least ${least} messages, one for each partition; raise it to ${least}, or use fewer partitions`;
