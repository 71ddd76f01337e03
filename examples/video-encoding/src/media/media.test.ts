import { describe, expect, it } from "vitest";
import { encodeVideo } from "./encode.ts";
import { encodeGif } from "./gif.ts";
import { makeClip } from "./make.ts";
import { choosePalette } from "./palette.ts";
import { type Picture, scaleTo, toRgb } from "./picture.ts";
import { encodePng } from "./png.ts";
import { decodeGif, decodePng } from "./test/decoders.ts";
import { NotAVideo, readY4m, writeY4m } from "./y4m.ts";

const text = (value: string) => new TextEncoder().encode(value);
const pixelsOf = (rgb: Uint8Array) =>
  Array.from({ length: rgb.length / 3 }, (_, at) => [...rgb.subarray(at * 3, at * 3 + 3)]);
const grey = (width: number, height: number, ...values: number[]): Picture => ({
  width,
  height,
  rgb: Uint8Array.from(values.flatMap((value) => [value, value, value])),
});

describe("clips", () => {
  it("are the same for the same number and differ for any other", () => {
    const files = Array.from({ length: 50 }, (_, number) => Buffer.from(writeY4m(makeClip(number))).toString("base64"));
    expect(new Set(files).size).toBe(50);
    expect(Buffer.from(writeY4m(makeClip(7))).toString("base64")).toBe(files[7]);
  });

  it("come back from Y4M as they were written", () => {
    const clip = makeClip(3, { width: 31, height: 17, frames: 3, fps: 12 });
    const read = readY4m(writeY4m(clip));
    expect([read.width, read.height, read.fps]).toEqual([31, 17, 12]);
    expect(read.frames.map(({ y, u, v }) => [[...y], [...u], [...v]])).toEqual(
      clip.frames.map(({ y, u, v }) => [[...y], [...u], [...v]]),
    );
  });

  it("are read by hand-made bytes too: parameters on frames, no chroma field", () => {
    const file = Buffer.concat([text("YUV4MPEG2 W2 H2 F30000:1001\nFRAME Ip\n"), Uint8Array.of(1, 2, 3, 4, 5, 6)]);
    const { fps, frames } = readY4m(file);
    expect(fps).toBeCloseTo(29.97, 2);
    expect(frames.map(({ y, u, v }) => [...y, ...u, ...v])).toEqual([[1, 2, 3, 4, 5, 6]]);
  });

  const whole = writeY4m(makeClip(1, { width: 8, height: 8, frames: 2 }));
  it.each([
    ["another format", text("RIFF....AVI \n"), "no YUV4MPEG2 header"],
    ["nothing", new Uint8Array(), "no line at byte 0"],
    ["a cut upload", whole.subarray(0, whole.length - 1), "frame 2 is cut off"],
    ["a header alone", text("YUV4MPEG2 W2 H2 F25:1\n"), "no frames"],
    ["no size", text("YUV4MPEG2 H2 F25:1\n"), "W is not a size"],
    ["a size no film has", text("YUV4MPEG2 W99999999 H2\n"), "W is not a size"],
    ["ten bits a sample", text("YUV4MPEG2 W2 H2 C420p10\n"), "chroma 420p10"],
  ])("refuse %s", (_, bytes, why) => {
    expect(() => readY4m(bytes)).toThrow(NotAVideo);
    expect(() => readY4m(bytes)).toThrow(why);
  });
});

describe("colour", () => {
  it.each([
    ["black", [0, 128, 128], [0, 0, 0]],
    ["white", [255, 128, 128], [255, 255, 255]],
    ["red", [76, 85, 255], [254, 0, 0]],
    ["green", [150, 44, 21], [0, 255, 1]],
    ["blue", [29, 255, 107], [0, 0, 254]],
  ])("turns YUV's %s into RGB's", (_, [y, u, v], rgb) => {
    const frame = { y: new Uint8Array(4).fill(y!), u: Uint8Array.of(u!), v: Uint8Array.of(v!) };
    expect(pixelsOf(toRgb(frame, { width: 2, height: 2 }).rgb)).toEqual([rgb, rgb, rgb, rgb]);
  });
});

describe("scaling", () => {
  it("averages the pixels a new one stands for", () => {
    expect([...scaleTo(1, grey(2, 2, 0, 100, 100, 200)).rgb]).toEqual([100, 100, 100]);
  });

  it("shares a pixel between two where the sizes do not divide", () => {
    expect(pixelsOf(scaleTo(2, grey(3, 1, 0, 90, 240)).rgb).map(([red]) => red)).toEqual([30, 190]); // (0 + 90/2) / 1.5, (90/2 + 240) / 1.5
  });

  it("keeps the shape and the average of a whole frame", () => {
    const clip = makeClip(5);
    const picture = toRgb(clip.frames[0]!, clip);
    const small = scaleTo(40, picture);
    const mean = (rgb: Uint8Array) => rgb.reduce((sum, value) => sum + value, 0) / rgb.length;
    expect([small.width, small.height]).toEqual([40, 27]);
    expect(Math.abs(mean(small.rgb) - mean(picture.rgb))).toBeLessThan(0.5);
  });

  it("never enlarges", () => {
    const picture = grey(2, 1, 1, 2);
    expect(scaleTo(5, picture)).toBe(picture);
  });
});

describe("PNG", () => {
  it("inflates to the pixels that went in", () => {
    const clip = makeClip(9);
    const picture = toRgb(clip.frames[2]!, clip);
    const read = decodePng(encodePng(picture));
    expect([read.width, read.height]).toEqual([96, 64]);
    expect(Buffer.from(read.rgb).equals(picture.rgb)).toBe(true);
  });
});

describe("GIF", () => {
  it("keeps every pixel when 256 colours are enough", () => {
    const colours = [0, 66, 132, 255];
    const picture: Picture = {
      width: 50,
      height: 40,
      rgb: Uint8Array.from({ length: 6000 }, (_, at) => colours[(at * 7 + (at >> 5)) % 4]!),
    };
    const exact = Uint8Array.from(
      [...new Set(pixelsOf(picture.rgb).map(String))].flatMap((pixel) => pixel.split(",").map(Number)),
    );
    const { pictures, delays } = decodeGif(encodeGif([picture, picture], exact, 8));
    expect(delays).toEqual([13, 13]);
    expect(pictures.map(({ rgb }) => Buffer.from(rgb).equals(picture.rgb))).toEqual([true, true]);
  });

  it("fills and clears its code table more than once on noise", () => {
    let state = 1;
    const noise: Picture = {
      width: 200,
      height: 100,
      rgb: Uint8Array.from({ length: 60_000 }, () => ((state = (state * 48_271) % 2_147_483_647) & 1) * 255),
    };
    const eight = Uint8Array.from({ length: 24 }, (_, at) => (((at / 3) >> (2 - (at % 3))) & 1 ? 255 : 0));
    const [read] = decodeGif(encodeGif([noise], eight, 10)).pictures;
    expect(Buffer.from(read!.rgb).equals(noise.rgb)).toBe(true);
  });

  it("chooses a palette close to the colours it saw", () => {
    const clip = makeClip(11);
    const pictures = clip.frames.map((frame) => toRgb(frame, clip));
    const read = decodeGif(encodeGif(pictures, choosePalette(pictures), clip.fps)).pictures;
    const off = pictures.flatMap(({ rgb }, index) =>
      Array.from(rgb, (value, at) => Math.abs(value - read[index]!.rgb[at]!)),
    );
    expect(off.reduce((sum, value) => sum + value, 0) / off.length).toBeLessThan(5);
    expect(off.filter((value) => value > 40)).toEqual([]);
  });
});

describe("a video", () => {
  it("becomes a preview of all its frames and a poster of the middle one, both half its size", () => {
    const clip = makeClip(42);
    const { preview, poster } = encodeVideo(writeY4m(clip));
    const { pictures } = decodeGif(preview);
    expect(pictures.map(({ width, height }) => `${width}x${height}`)).toEqual(Array(8).fill("48x32"));
    const middle = scaleTo(48, toRgb(clip.frames[4]!, clip));
    expect(Buffer.from(decodePng(poster).rgb).equals(middle.rgb)).toBe(true);
  });
});
