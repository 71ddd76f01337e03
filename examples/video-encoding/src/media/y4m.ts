/** YUV4MPEG2, the uncompressed format `ffmpeg -f yuv4mpegpipe` and most encoders speak; only its 4:2:0, 8-bit form. */
export interface Clip {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly frames: readonly YuvFrame[];
}

/** Luma for every pixel, chroma for every two by two. */
export interface YuvFrame {
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
}

/** The bytes are not a clip and never will be: there is no point in another attempt. */
export class NotAVideo extends Error {
  override readonly name = "NotAVideo";
}

const MAGIC = "YUV4MPEG2";
const FRAME = Buffer.from("FRAME\n");
const MAX_SIDE = 16_384;

export function writeY4m(clip: Clip): Uint8Array {
  const head = Buffer.from(`${MAGIC} W${clip.width} H${clip.height} F${clip.fps}:1 Ip A1:1 C420jpeg\n`);
  return Buffer.concat([head, ...clip.frames.flatMap((frame) => [FRAME, frame.y, frame.u, frame.v])]);
}

export function readY4m(bytes: Uint8Array): Clip {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = lineAt(file, 0);
  const fields = header.split(" ");
  if (fields[0] !== MAGIC) throw new NotAVideo("no YUV4MPEG2 header");

  const width = side(fields, "W");
  const height = side(fields, "H");
  const [rate = 25, per = 1] = (fieldOf(fields, "F") ?? "25:1").split(":").map(Number);
  const chroma = fieldOf(fields, "C") ?? "420jpeg";
  if (!chroma.startsWith("420") || chroma.startsWith("420p"))
    throw new NotAVideo(`chroma ${chroma}; only 8-bit 4:2:0 is read`);

  const luma = width * height;
  const quarter = Math.ceil(width / 2) * Math.ceil(height / 2);
  const frames: YuvFrame[] = [];
  for (let at = header.length + 1; at < file.length; ) {
    const line = lineAt(file, at);
    if (!line.startsWith("FRAME")) throw new NotAVideo(`no FRAME at byte ${at}`);
    const start = at + line.length + 1;
    at = start + luma + 2 * quarter;
    if (at > file.length) throw new NotAVideo(`frame ${frames.length + 1} is cut off`);
    frames.push({
      y: file.subarray(start, start + luma),
      u: file.subarray(start + luma, start + luma + quarter),
      v: file.subarray(start + luma + quarter, at),
    });
  }
  if (frames.length === 0) throw new NotAVideo("no frames");
  return { width, height, fps: rate / per || 25, frames };
}

function lineAt(file: Buffer, start: number): string {
  const end = file.indexOf(0x0a, start);
  if (end < 0 || end - start > 256) throw new NotAVideo(`no line at byte ${start}`);
  return file.toString("latin1", start, end);
}

const fieldOf = (fields: readonly string[], letter: string) =>
  fields.find((field, index) => index > 0 && field.startsWith(letter))?.slice(1);

function side(fields: readonly string[], letter: "W" | "H"): number {
  const value = Number(fieldOf(fields, letter));
  if (!Number.isInteger(value) || value < 1 || value > MAX_SIDE) throw new NotAVideo(`${letter} is not a size`);
  return value;
}
