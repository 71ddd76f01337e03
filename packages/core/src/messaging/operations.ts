/** What operators do and services rarely do. Loaded when it is first called. */
export { DeadLetterBox } from "./dead-letters/box.ts";
export { Operations } from "./dead-letters/operation.ts";
export { Depths } from "./depth.ts";
export { placesOf } from "./places.ts";
export { replay } from "./replay.ts";
export { ChannelTail, sweepTails } from "./tail.ts";
