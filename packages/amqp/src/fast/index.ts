import type { FastPaths } from "../fast-paths.ts";
import { gatherPlain, spreadPlain } from "./fast-path-event.ts";
import { ReusedHeaders } from "./fast-path-headers.ts";
import { gatherWrites } from "./gather-writes.ts";
import { writeFramesAtOnce } from "./publish-frames.ts";
import { writeThrough } from "./write-through.ts";

export const fastPaths: FastPaths = {
  spread: spreadPlain,
  gather: gatherPlain,
  reusedHeaders: (secondKey) => new ReusedHeaders(secondKey),
  writeFramesAtOnce,
  writeThrough,
  gatherWrites,
};
