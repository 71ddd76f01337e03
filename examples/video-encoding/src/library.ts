import { rmSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Threads } from "./threads.ts";
import { cutOff, type Video } from "./transcode.ts";

/** Films on disk, each with the checksum of what encoding it must give. */
export interface Library extends Disposable {
  readonly videos: readonly Video[];
  /** A new, empty folder for one run's renditions. */
  renditions(name: string): Promise<string>;
}

export interface LibraryOptions {
  /** An empty or new folder, which stays. Default: one in the system's temporary folder, until disposed or the process exits. */
  readonly folder?: string | undefined;
  /** The uploads with these numbers broke off. */
  readonly cut?: readonly number[];
  readonly progress?: (filmed: number) => void;
}

/** About 74 kB a film. */
export async function filmLibrary(
  count: number,
  { folder, cut = [], progress }: LibraryOptions = {},
): Promise<Library> {
  const root = folder ?? (await mkdtemp(join(tmpdir(), "video-encoding-")));
  const remove = () => {
    if (folder === undefined) rmSync(root, { recursive: true, force: true });
  };
  process.once("exit", remove);
  const uploads = join(root, "uploads");
  await mkdir(uploads, { recursive: true });

  const threads = new Threads(Math.min(4, availableParallelism()));
  let done = 0;
  const filmed = async (number: number) => {
    const video = await threads.film(uploads, number);
    progress?.(++done);
    return cut.includes(number) ? cutOff(video) : video;
  };
  try {
    const videos = await Promise.all(Array.from({ length: count }, (_, index) => filmed(index + 1)));
    return {
      videos,
      async renditions(name) {
        const renditions = join(root, name);
        await mkdir(renditions, { recursive: true });
        return renditions;
      },
      [Symbol.dispose]() {
        process.off("exit", remove);
        remove();
      },
    };
  } finally {
    await threads.close();
  }
}
