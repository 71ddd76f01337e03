/** The mend, in two lines, for what a story shows. */
import type { Story } from "./story.ts";

export const TWICE =
  "Mend: an effect that was done is done again when the message comes again. Give it a key that is the same each time, such as\n" +
  "  delivery.id, or do it and the mark of the message in one transaction: { use: [exactly(pool)] } of the inbox.";
const LEFT =
  "Mend: the handler ended before its work did. await every effect before it returns;\n" +
  "  what is remembered in the process must be set after the effect and not before it.";
const TOGETHER =
  "Mend: two handlers ran at the same time. Let the write say what it read (a version, update … where version = $1), and throw if it\n" +
  "  changed nothing; or give the channel an ordering key, so that one of a key runs at a time.";
const KEPT =
  "Mend: what a process knows of earlier messages is gone when another takes its place, and the messages that come next are no\n" +
  "  redeliveries. Keep it in the database, and read it when the process starts or before it is used.";
const LATE =
  "Mend: the process went on after it had lost its hold. Look at delivery.signal after each wait, and pass it on;\n" +
  "  for writes, pass delivery.fencingToken or a version, and refuse the older.";
const ORDER =
  "Mend: messages of different keys, and of channels without a key, come in any order. Give them one orderingKey,\n" +
  "  or let the handler cope: keep what came early, or throw new Retry() until what it needs is there.";
const ENDLESS =
  "Mend: a message that can never be handled must end. Throw new DeadLetter(reason) for it, or let its attempts run out:\n" +
  "  new Release() and new Retry({ delay }) for ever is a loop.";

/** A process ends and has begun nothing that it has not ended. */
const AT_REST = /(?: dies while it does nothing| is stopped, as for a deployment)$/;

/** Advice by what was chosen, most telling first. One at most: two would be a lecture. */
export function adviceFor(name: string, story: Story): string[] {
  const { entries, chosen } = story;
  const said = (words: string) => entries.some(({ text }) => text.includes(words));
  const chose = (words: string) => chosen.some(({ text }) => text.includes(words));
  const last = entries.at(-1)?.message ?? 0;
  const missing = name.startsWith("eventually") || name === "lost" || name === "compare";
  if (name === "never-ends") return [ENDLESS];
  if (
    said("in the background is over") ||
    said("(a missing await?)") ||
    chose("has long returned") ||
    chose("unhandled rejection")
  )
    return [LEFT];
  if (chose("stands still") || chose("no extension of a hold")) return [LATE];
  if (chose(" ms to arrive")) return [ORDER];
  if (
    name.startsWith("never") &&
    chosen.length > 0 &&
    last !== 0 &&
    chosen.every(({ message }) => message !== 0 && message !== last)
  )
    return [ORDER];
  if (missing && (chose(" fails") || chose("so it fails"))) return [LEFT];
  if (chose("starts beside the others")) return [TOGETHER];
  if (chosen.length > 0 && chosen.every(({ text }) => AT_REST.test(text))) return [KEPT];
  if (chosen.length > 0) return [TWICE];
  return [TOGETHER];
}
