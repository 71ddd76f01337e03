/** The fenced code blocks of a Markdown text. */

export interface Block {
  readonly language: string;
  /** The words after the language: a file's name, then `run` where it is to be run. */
  readonly name: string | undefined;
  readonly runs: boolean;
  readonly text: string;
  /** The line of the document on which `text` begins, counted from 1. */
  readonly line: number;
  /** What follows as `text`: what running it prints. */
  readonly prints: string | undefined;
}

const FENCE = /^```(\w*)[ \t]*([^\n]*)\n([\s\S]*?)^```$/gm;

/** The blocks, in order. */
export function blocksOf(markdown: string): readonly Block[] {
  const found = [...markdown.matchAll(FENCE)];
  return found.map((match, index) => {
    const [, language = "", info = "", text = ""] = match;
    const [name, run] = info.split(" ").filter((word) => word !== "");
    const next = found[index + 1];
    const line = markdown.slice(0, match.index).split("\n").length + 1;
    return { language, name, runs: run === "run", text, line, prints: next?.[1] === "text" ? next[3] : undefined };
  });
}

/** The text with its code blanked out, line for line, so that nothing in code reads as a heading or a link. */
export function withoutCode(markdown: string): string {
  const blank = (code: string) => code.replace(/[^\n]/g, " ");
  return markdown.replace(FENCE, blank).replace(/`[^`\n]+`/g, blank);
}
