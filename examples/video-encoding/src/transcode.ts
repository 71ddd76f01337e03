import { createHash } from "node:crypto";
import { readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { threadId } from "node:worker_threads";
import { encodeVideo, type Renditions } from "./media/encode.ts";
import { makeClip } from "./media/make.ts";
import { writeY4m } from "./media/y4m.ts";

export interface EncodeJob {
  readonly videoId: string;
  /** Where the upload lies. */
  readonly url: string;
}

export interface Encoded {
  readonly videoId: string;
  readonly checksum: string;
}

/** An upload, and what its renditions must turn out to be; null: it is no video, and must be refused. */
export interface Video extends EncodeJob {
  readonly checksum: string | null;
}

/** Reads the upload, writes its preview and poster into `folder`. The whole file appears at once or not at all. */
export function encodeInto(folder: string, { videoId, url }: EncodeJob): Encoded {
  const renditions = encodeVideo(readFileSync(fileURLToPath(url)));
  const paths = renditionPaths(folder, videoId);
  writeWhole(paths.preview, renditions.preview);
  writeWhole(paths.poster, renditions.poster);
  return { videoId, checksum: checksumOf(renditions) };
}

/** What lies in `folder` for this video, by content; undefined: not all of it is there. */
export function checksumIn(folder: string, videoId: string): string | undefined {
  const paths = renditionPaths(folder, videoId);
  try {
    return checksumOf({ preview: readFileSync(paths.preview), poster: readFileSync(paths.poster) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Films a video, and encodes it right here, without any messaging: the reference every broker is held to. */
export function film(folder: string, number: number): Video {
  const videoId = `video-${String(number).padStart(4, "0")}`;
  const file = writeY4m(makeClip(number));
  const path = `${folder}/${videoId}.y4m`;
  writeWhole(path, file);
  return { videoId, url: pathToFileURL(path).href, checksum: checksumOf(encodeVideo(file)) };
}

/** The upload broke off. */
export function cutOff(video: Video): Video {
  truncateSync(fileURLToPath(video.url), 70_000);
  return { ...video, checksum: null };
}

const renditionPaths = (folder: string, videoId: string) => ({
  preview: `${folder}/${videoId}.gif`,
  poster: `${folder}/${videoId}.png`,
});

const checksumOf = ({ preview, poster }: Renditions) =>
  createHash("sha256").update(preview).update(poster).digest("hex");

/** Under another name first: a thread that dies half-way leaves nothing that looks whole. */
function writeWhole(path: string, bytes: Uint8Array): void {
  const draft = `${path}.${process.pid}-${threadId}`;
  writeFileSync(draft, bytes);
  renameSync(draft, path);
}
