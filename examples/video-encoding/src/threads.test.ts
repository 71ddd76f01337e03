import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { filmLibrary } from "./library.ts";
import { NotAVideo } from "./media/y4m.ts";
import { Threads } from "./threads.ts";
import { checksumIn, encodeInto } from "./transcode.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let folder: string;
let threads: Threads;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "video-encoding-test-"));
  threads = new Threads(1);
});

afterEach(async () => {
  await threads.close();
  await rm(folder, { recursive: true, force: true });
});

it("a thread's result is that of a plain call, and whole on disk", async () => {
  const video = await threads.film(folder, 12);
  const encoded = await threads.encode(folder, video);
  expect(encoded).toEqual({ videoId: "video-0012", checksum: video.checksum });
  expect(checksumIn(folder, "video-0012")).toBe(video.checksum);
  expect((await readdir(folder)).toSorted()).toEqual(["video-0012.gif", "video-0012.png", "video-0012.y4m"]);
});

it("encoding again leaves the same bytes", async () => {
  const video = await threads.film(folder, 3);
  const first = encodeInto(folder, video);
  expect(encodeInto(folder, video)).toEqual(first);
  expect(checksumIn(folder, video.videoId)).toBe(first.checksum);
});

it("what is not a video is told apart from other failures across the thread", async () => {
  const path = join(folder, "letter.y4m");
  await writeFile(path, "Dear Sir or Madam\n");
  await expect(threads.encode(folder, { videoId: "letter", url: pathToFileURL(path).href })).rejects.toBeInstanceOf(
    NotAVideo,
  );
  await expect(threads.encode(folder, { videoId: "gone", url: pathToFileURL(`${path}-gone`).href })).rejects.toThrow(
    "ENOENT",
  );
  expect(checksumIn(folder, "letter")).toBeUndefined();
});

it("a thread that dies fails its task alone, and the next ones run on another", async () => {
  expect(threads.crash()).toBe(false);
  const [first, second] = [threads.film(folder, 1), threads.film(folder, 2)];
  expect(threads.crash()).toBe(true);
  await expect(first).rejects.toThrow("the encoding thread died");
  expect((await second).videoId).toBe("video-0002");
});

it("closing refuses what waits", async () => {
  const tasks = Promise.allSettled([threads.film(folder, 1), threads.film(folder, 2)]);
  await threads.close();
  expect((await tasks).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await expect(threads.film(folder, 3)).rejects.toThrow("closed");
});

it("a library lies on disk until it is disposed", async () => {
  const library = await filmLibrary(3, { cut: [2] });
  const renditions = await library.renditions("encoded");
  expect(library.videos.map(({ videoId }) => videoId)).toEqual(["video-0001", "video-0002", "video-0003"]);
  expect(new Set(library.videos.map(({ checksum }) => checksum)).size).toBe(3);
  expect(() => encodeInto(renditions, library.videos[1]!)).toThrow(NotAVideo);
  expect(await readdir(renditions)).toEqual([]);
  library[Symbol.dispose]();
  await expect(readdir(renditions)).rejects.toThrow("ENOENT");
});
