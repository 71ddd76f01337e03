import { encodeGif } from "./gif.ts";
import { choosePalette } from "./palette.ts";
import { scaleTo, toRgb } from "./picture.ts";
import { encodePng } from "./png.ts";
import { readY4m } from "./y4m.ts";

export interface Renditions {
  /** The whole clip, half its size, as an animated GIF. */
  readonly preview: Uint8Array;
  /** The middle frame as a PNG. */
  readonly poster: Uint8Array;
}

/** Decodes a Y4M file and encodes what a video site shows of it. Pure: the same bytes in, the same bytes out. */
export function encodeVideo(file: Uint8Array): Renditions {
  const clip = readY4m(file);
  const small = clip.frames.map((frame) => scaleTo(Math.ceil(clip.width / 2), toRgb(frame, clip)));
  return {
    preview: encodeGif(small, choosePalette(small), clip.fps),
    poster: encodePng(small[small.length >> 1]!),
  };
}
