import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Threads } from "./threads.ts";
import type { Video } from "./transcode.ts";

/** Films on disk, each with the checksum of what encoding it must give. */
export interface Library extends AsyncDisposable {
  readonly videos: readonly Video[];
  /** A new, empty folder for one run's renditions. */
  renditions(name: string): Promise<string>;
}

/** About 74 kB a film, in the system's temporary folder until disposed. */
export async function filmLibrary(count: number): Promise<Library> {
  const root = await mkdtemp(join(tmpdir(), "video-encoding-"));
  const threads = new Threads(Math.min(4, availableParallelism()));
  try {
    const uploads = join(root, "uploads");
    await mkdir(uploads);
    const videos = await Promise.all(Array.from({ length: count }, (_, index) => threads.film(uploads, index + 1)));
    return {
      videos,
      async renditions(name) {
        const folder = join(root, name);
        await mkdir(folder);
        return folder;
      },
      [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
    };
  } catch (error) {
    await rm(root, { recursive: true, force: true });
    throw error;
  } finally {
    await threads.close();
  }
}
