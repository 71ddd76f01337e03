/** A source file as the reference reads it: its syntax, and the doc comment before each node. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "rolldown/utils";
import { root } from "../../test/support/workspace.ts";

/** A node of the syntax tree. Only what a caller asks for is looked at. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: any;
}

export interface Source {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
  readonly body: readonly Node[];
  /** The source text of a node, on one line. */
  textOf(node: Node): string;
  /** The doc comment before a node, as Markdown. Between the two may be the punctuation of a union. Undefined: there is none. */
  docOf(node: Node): string | undefined;
}

const read = new Map<string, Source>();

export function sourceOf(path: string): Source {
  const known = read.get(path);
  if (known !== undefined) return known;
  const text = readFileSync(join(root, path), "utf8");
  const { program, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const docs = comments.filter(({ type, value }) => type === "Block" && value.startsWith("*"));
  const source: Source = {
    path,
    text,
    body: program.body as unknown as readonly Node[],
    textOf: ({ start, end }) => text.slice(start, end).replace(/\s+/g, " "),
    docOf: ({ start }) => {
      const doc = docs.findLast(({ end }) => end <= start && /^[\s|(]*$/.test(text.slice(end, start)));
      return doc === undefined ? undefined : markdownOf(doc.value);
    },
  };
  read.set(path, source);
  return source;
}

function markdownOf(comment: string): string {
  return comment
    .replace(/^\*/, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .replace(/\{@link (\w+)\.(\w+)\}/g, "`$1.$2`")
    .replace(/\{@link (\w+)\}/g, "`$1`")
    .trim();
}

/** The declaration of a name in a file, with the statement whose comment it has. */
export function declarationOf(source: Source, name: string): { readonly declaration: Node; readonly statement: Node } {
  for (const statement of source.body) {
    const declaration = (statement["declaration"] ?? statement) as Node;
    if (declaration["id"]?.name === name) return { declaration, statement };
    for (const declarator of (declaration["declarations"] ?? []) as Node[])
      if (declarator["id"]?.name === name) return { declaration: declarator, statement };
  }
  throw new Error(`${source.path} declares no ${name}`);
}

/** Markdown for one cell of a table. */
export const cell = (text: string): string =>
  text
    .replace(/\n- /g, "<br>• ")
    .replace(/\s*\n\s*/g, " ")
    .replaceAll("|", "\\|");
/** Code for one cell of a table. */
export const code = (text: string): string => `\`${text}\``;

export const GENERATED = "<!-- Written by `npm run docs:reference` from the comments of the sources. Change those. -->";

/** Every node under this one, itself first. */
export function* walk(node: unknown): Generator<Node> {
  if (typeof node !== "object" || node === null) return;
  if (Array.isArray(node)) {
    for (const each of node) yield* walk(each);
    return;
  }
  if (typeof (node as Node).type === "string") yield node as Node;
  for (const child of Object.values(node)) yield* walk(child);
}
