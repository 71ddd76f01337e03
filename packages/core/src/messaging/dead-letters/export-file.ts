/** The file of an export: only its owner may read it, and nothing in it is lost by a crash once it is synchronized. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { MessagingError } from "../../api/errors.ts";
import { excerpt } from "../../base/excerpt.ts";
import { lines } from "./lines.ts";
import { type Origin, readLine } from "./letter-line.ts";

/** Read and write for the owner alone. */
const MODE = 0o600;
/** Lines are written together until they have this many characters. */
const CHUNK = 256 * 1024;

/**
 * Dead letters may hold what nobody else may read, so a file that others could read is never made, and a link is not followed. Every write
 * appends to what the file has by then: another process may go on with the same file, and its letters are deleted, too.
 */
export class ExportFile {
  /** The copies that the file had when it was opened. */
  readonly known: ReadonlySet<string>;
  readonly #file: FileHandle;
  #waiting: string[] = [];
  #length = 0;

  private constructor(file: FileHandle, known: ReadonlySet<string>) {
    this.#file = file;
    this.known = known;
  }

  /** @throws MessagingError `export-exists`, `export-failed`, or `bad-import` if the file is not an export of this channel and group. */
  static async open(path: string, resume: boolean, origin: Origin): Promise<ExportFile> {
    // Windows has no O_NOFOLLOW: undefined counts as 0.
    const { O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | (resume ? 0 : O_EXCL);
    const file = await open(path, flags, MODE).catch((cause: unknown) => {
      throw notOpened(path, cause, origin);
    });
    try {
      await file.chmod(MODE);
      const known = new Set<string>();
      if (resume) await goOn(file, path, known, origin);
      await syncFolder(path);
      return new ExportFile(file, known);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async write(line: string): Promise<void> {
    this.#waiting.push(line);
    this.#length += line.length;
    if (this.#length >= CHUNK) await this.#flush();
  }

  /** Resolves once everything written is on the disk. */
  async sync(): Promise<void> {
    await this.#flush();
    await this.#file.sync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.from(this.#waiting.join(""));
    this.#waiting = [];
    this.#length = 0;
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done);
      done += bytesWritten;
    }
  }
}

/** Reads the copies of the whole lines, and removes what a crash has left of a last one. */
async function goOn(file: FileHandle, path: string, known: Set<string>, origin: Origin): Promise<void> {
  let end = 0;
  let cut = 0;
  let number = 0;
  for await (const { text, bytes, whole } of lines(file.createReadStream({ start: 0, autoClose: false }), origin)) {
    number++;
    if (!whole) {
      cut = bytes;
      break;
    }
    if (text.trim() !== "") {
      try {
        known.add(readLine(text, number, origin).copy);
      } catch (error) {
        const { message } = error as MessagingError;
        const words = `${excerpt(path)} cannot be continued: ${message}. Give another file`;
        throw new MessagingError("bad-import", words, { kind: "config", ...origin });
      }
    }
    end += bytes;
  }
  if (cut === 0) return;
  // Cutting off a line that somebody is writing would lose its letter.
  if ((await file.stat()).size !== end + cut) {
    const text = `export: another process is writing ${excerpt(path)}; wait for its end, or give another path`;
    throw new MessagingError("export-failed", text, { kind: "config", ...origin });
  }
  await file.truncate(end);
}

/** A new file's name is safe once its folder is synchronized. Not every system can. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(dirname(path), constants.O_RDONLY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch {
    // Windows cannot open a folder.
  }
}

function notOpened(path: string, cause: unknown, origin: Origin): MessagingError {
  const { code } = cause as { readonly code?: unknown };
  if (code === "EEXIST") {
    const text = `export: ${excerpt(path)} exists; give another path, or resume: true to go on with it`;
    return new MessagingError("export-exists", text, { kind: "config", ...origin });
  }
  const why = code === "ELOOP" ? "it is a link, which is not followed" : "see the cause";
  return new MessagingError("export-failed", `export: ${excerpt(path)} cannot be opened: ${why}`, {
    kind: "config",
    ...origin,
    cause,
  });
}
