/** Writing dead letters to a file or a sink, and deleting them there once they are safe here. */
import type { ExportOptions, ExportProgress, ExportResult, ExportSink } from "../../api/dead-letters.ts";
import { isMessagingError, MessagingError } from "../../api/errors.ts";
import { oneLine } from "../../base/excerpt.ts";
import type { Delivery } from "../../driver/index.ts";
import { ExportFile } from "./export-file.ts";
import { copyOf, lineOf, type Origin } from "./letter-line.ts";
import type { Progress } from "./progress.ts";
import type { Scan } from "./scan.ts";
import type { Session } from "./session.ts";

/** How many letters are made safe together before they are deleted. */
const TOGETHER = 100;

export interface ExportParts {
  readonly options: ExportOptions;
  readonly origin: Origin;
  readonly session: Session;
  /** Made with what is to be done before its letters are given back. */
  readonly scanWith: (beforeEnd: () => Promise<void>) => Scan;
  readonly progress: Progress<ExportProgress>;
}

/** @throws MessagingError `bad-export` for options that are not of their form. */
export function checkExport({ to, resume, max, remove, ids }: ExportOptions): void {
  const isSink = typeof to === "object" && to !== null && typeof to.write === "function";
  if (!isSink && (typeof to !== "string" || to === ""))
    throw bad("to must be the path of a file, or a sink with write()");
  if (isSink && remove === true && typeof to.sync !== "function")
    throw bad("remove needs a sink with sync(), which resolves once the lines are safe");
  if (resume !== undefined && typeof resume !== "boolean" && isSink !== isCopies(resume))
    throw bad("resume must be true for a file, and the copies that it has for a sink");
  if (isSink && resume === true) throw bad("resume must be the `copy` of each line that the sink has");
  if (max !== undefined && max !== Number.POSITIVE_INFINITY && !(Number.isInteger(max) && max >= 1))
    throw bad("max must be a whole number from 1 up");
  if (ids !== undefined && (!Array.isArray(ids) || ids.some((id) => typeof id !== "string")))
    throw bad("ids must be a list of ids");
}

const isCopies = (value: unknown): value is Iterable<string> =>
  typeof value === "object" && value !== null && Symbol.iterator in value;
const bad = (text: string) => new MessagingError("bad-export", `export: ${text}`, { kind: "config" });

function unsafe(cause: unknown, origin: Origin): MessagingError {
  if (isMessagingError(cause)) return cause;
  const why = oneLine(cause instanceof Error ? cause.message : String(cause));
  const text = `export: the last lines are not safe, and their letters stay: ${why}; mend that and export again with resume`;
  return new MessagingError("export-failed", text, { kind: "retryable", ...origin, cause });
}

interface Target extends ExportSink {
  readonly known: ReadonlySet<string>;
  close?(): Promise<void>;
}

async function opened({ to, resume }: ExportOptions, origin: Origin): Promise<Target> {
  if (typeof to === "string") return ExportFile.open(to, resume === true, origin);
  const known = new Set(isCopies(resume) ? resume : []);
  return { known, write: (line) => to.write(line), sync: async () => to.sync?.() };
}

export async function exported(parts: ExportParts): Promise<ExportResult> {
  const { options, origin, session, progress } = parts;
  const { max = Number.POSITIVE_INFINITY, remove = false, signal } = options;
  const target = await opened(options, origin);
  let written = 0;
  let known = 0;
  let removed = 0;
  let safe: Delivery[] = [];
  let doubtful = false;
  /** Once the target has failed, some line may be missing, whatever a later sync says: that may cover only what was written since. */
  const surely = async (work: () => unknown): Promise<void> => {
    doubtful = true;
    try {
      await work();
    } catch (cause) {
      throw unsafe(cause, origin);
    }
    doubtful = false;
  };
  /** Makes the lines safe, then deletes their letters. Never the other way round. */
  const flush = async (): Promise<void> => {
    if (doubtful) return;
    await surely(() => target.sync?.());
    const done = safe;
    safe = [];
    if (remove) removed += await session.settle(done, "ack");
    progress.set({ written, removed });
  };
  const scan = parts.scanWith(flush);
  try {
    for await (const { letter } of scan.found()) {
      if (target.known.has(copyOf(letter))) known++;
      else {
        await surely(() => target.write(lineOf(letter, origin)));
        written++;
      }
      safe.push(letter.delivery);
      if (safe.length >= TOGETHER) await flush();
      if (written >= max || signal?.aborted === true) break;
    }
    const result = await scan.result;
    const why = !result.complete && written >= max ? { why: "max" as const } : {};
    return { ...result, ...why, written, known, removed };
  } finally {
    progress.end();
    await target.close?.();
  }
}
