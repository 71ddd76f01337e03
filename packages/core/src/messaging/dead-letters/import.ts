/** Putting exported letters back among the dead letters of their group. */
import { createReadStream } from "node:fs";
import type { ImportOptions, ImportProgress, ImportResult } from "../../api/dead-letters.ts";
import { isMessagingError, MessagingError } from "../../api/errors.ts";
import type { Pipeline } from "../../content/pipeline.ts";
import type { Capabilities, Runtime, WireMessage } from "../../driver/index.ts";
import type { SendQueue } from "../../publish/queue/send-queue.ts";
import { encodeBody } from "../../wire/codec.ts";
import { refuseLost, renewed } from "./content.ts";
import { badLine, type Line, type Origin, readLine } from "./letter-line.ts";
import { lines } from "./lines.ts";
import type { Progress } from "./progress.ts";

/** The most letters sent at once. */
const WAVE = 100;

export interface ImportParts {
  readonly options: ImportOptions;
  readonly origin: Origin;
  readonly runtime: Pick<Runtime, "uuid">;
  readonly pipeline: Pipeline | undefined;
  /** The send queue to the dead-letter destination, and to no other. */
  readonly target: () => SendQueue;
  readonly error: (cause: unknown) => MessagingError;
  readonly progress: Progress<ImportProgress>;
}

/** @throws MessagingError `bad-import` for options that are not of their form. */
export function checkImport({ from, skip }: ImportOptions): void {
  const isLines =
    typeof from === "object" && from !== null && (Symbol.asyncIterator in from || Symbol.iterator in from);
  if (!isLines && (typeof from !== "string" || from === "")) throw bad("from must be the path of a file, or its lines");
  if (skip !== undefined && !(Number.isInteger(skip) && skip >= 0)) throw bad("skip must be a whole number from 0 up");
}

const bad = (text: string) => new MessagingError("bad-import", `import: ${text}`, { kind: "config" });

interface Numbered extends Line {
  readonly number: number;
}

export async function imported(parts: ImportParts): Promise<ImportResult> {
  const { options, progress } = parts;
  try {
    // A file is read twice, so that a bad line is found before anything is sent.
    if (typeof options.from === "string" || options.dryRun === true) {
      const line = await check(parts);
      if (options.dryRun === true) return { imported: 0, failed: 0, line };
    }
    return await send(parts);
  } finally {
    progress.end();
  }
}

async function check(parts: ImportParts): Promise<number> {
  let number = 0;
  for await (const { text, cut } of textsOf(parts)) read(text, ++number, parts, cut);
  return number;
}

/** Undefined for an empty line, and for one that is to be left out. */
function read(text: string, number: number, { options, origin }: ImportParts, cut?: boolean): Numbered | undefined {
  if (number <= (options.skip ?? 0) || text.trim() === "") return undefined;
  if (cut === true && !isJsonText(text)) throw badLine(number, CUT, origin);
  return { ...readLine(text, number, origin), number };
}

/** An export deletes a letter only once its whole line is safe. */
const CUT =
  "the file ends in the middle of it; if it was copied, copy it again; if its export was cut off, delete this line, since its letter is still among the dead letters";

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

interface Text {
  readonly text: string;
  /** True if no line feed ends it. Undefined for a line that the caller gave. */
  readonly cut?: boolean;
}

async function* textsOf({ options: { from }, origin }: ImportParts): AsyncGenerator<Text, void, undefined> {
  if (typeof from !== "string") {
    for await (const text of from) yield { text };
    return;
  }
  try {
    for await (const { text, whole } of lines(createReadStream(from), origin)) yield { text, cut: !whole };
  } catch (cause) {
    if (isMessagingError(cause)) throw cause;
    throw new MessagingError("bad-import", "import: the file cannot be read; see the cause", { kind: "config", cause });
  }
}

async function send(parts: ImportParts): Promise<ImportResult> {
  const { options, progress } = parts;
  const errors: MessagingError[] = [];
  let wave: Numbered[] = [];
  let [number, imported, failed] = [0, 0, 0];
  /** The first line that could not be imported now. What comes before it is done. */
  let stuck: number | undefined;
  const flush = async (): Promise<void> => {
    const sent = await Promise.allSettled(wave.map((line) => one(line, parts)));
    sent.forEach((outcome, at) => {
      if (outcome.status === "fulfilled") return void imported++;
      const error = named(parts.error(outcome.reason), wave[at]!);
      errors.push(error);
      failed++;
      // A letter that can never be imported, such as one whose stored body is gone, is no reason to leave out the others.
      if (error.kind !== "permanent") stuck ??= wave[at]!.number - 1;
    });
    wave = [];
    progress.set({ imported, failed });
  };
  const result = (line: number, stopped?: ImportResult["stopped"]): ImportResult => ({
    imported,
    failed,
    line,
    ...(stopped === undefined ? {} : { stopped }),
    ...(errors.length === 0 ? {} : { errors }),
  });
  for await (const { text, cut } of textsOf(parts)) {
    if (options.signal?.aborted === true) {
      await flush();
      return result(stuck ?? number, stuck === undefined ? "signal" : "error");
    }
    let line: Numbered | undefined;
    try {
      line = read(text, number + 1, parts, cut);
    } catch (error) {
      await flush();
      if (imported === 0) throw error;
      // What was sent is said, too: the caller can go on from there.
      errors.push(error as MessagingError);
      return result(stuck ?? number, "error");
    }
    number++;
    if (line !== undefined) wave.push(line);
    if (wave.length >= WAVE) await flush();
    if (stuck !== undefined) return result(stuck, "error");
  }
  await flush();
  return stuck === undefined ? result(number) : result(stuck, "error");
}

async function one({ letter, copy }: Line, { pipeline, origin, target, runtime }: ImportParts): Promise<void> {
  const { delivery, decoded } = letter;
  if (pipeline?.claimCheck === undefined) refuseLost(origin.channel, delivery);
  else await renewed(pipeline.claimCheck, origin.channel, delivery);
  // Not that of the letter: a broker that deduplicates would drop it within minutes of the first.
  const dedup = `${copy}:${runtime.uuid()}`;
  const { message } = delivery;
  const make = (caps: Capabilities): WireMessage => {
    if (decoded.foreign) return { ...message, dedup };
    const fairness = caps.fairness ? message.fairness : undefined;
    return { ...encodeBody(decoded.envelope, decoded.body, caps, { fairness }), dedup };
  };
  await target().send(make, { reserve: true, id: letter.id });
}

function named(
  { code, message, kind, channel, group, cause }: MessagingError,
  { number, letter }: Numbered,
): MessagingError {
  return new MessagingError(code, `line ${number}: ${message}`, { kind, channel, group, id: letter.id, cause });
}
