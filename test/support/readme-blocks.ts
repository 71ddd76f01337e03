export interface Block {
  readonly language: string;
  /** The words after the language: a file's name, then `run` where it is to be run. */
  readonly name: string | undefined;
  readonly runs: boolean;
  readonly text: string;
  /** What follows as `text`: what running it prints. */
  readonly prints: string | undefined;
}

const FENCE = /^```(\w*)[ \t]*([^\n]*)\n([\s\S]*?)^```$/gm;

/** The fenced blocks of a Markdown text, in order. */
export function blocksOf(markdown: string): readonly Block[] {
  const found = [...markdown.matchAll(FENCE)];
  return found.map(([, language = "", info = "", text = ""], index) => {
    const [name, run] = info.split(" ").filter((word) => word !== "");
    const next = found[index + 1];
    return { language, name, runs: run === "run", text, prints: next?.[1] === "text" ? next[3] : undefined };
  });
}
