/** docs/reference/api.md: every exported name with its signature and its documentation. */
import { dirname, join } from "node:path";
import { existsSync } from "node:fs";
import { root, type Workspace, workspaces } from "../../test/support/workspace.ts";
import { declarationOf, GENERATED, type Node, type Source, sourceOf } from "./source.ts";

interface Exported {
  readonly name: string;
  readonly doc: string;
  readonly signature: string;
}

/** The order of the page: what applications use, adapters, then what writers of adapters use. `aws-kit` is our adapters' own. */
const ORDER = [
  "core",
  "memory",
  "sqs",
  "sns",
  "kinesis",
  "aws",
  "amqp",
  "claim-check",
  "encryption",
  "outbox",
  "inbox",
  "otel",
  "explore",
  "cli",
  "create",
  "lambda",
  "leases",
  "contract",
];
/** Entries that our own packages import from each other, and nobody else should. */
const INTERNAL =
  /^@switchyard\/(?:sqs\/kit|core\/(?:publish-kit|push)|(?:sqs|sns|kinesis)\/push|(?:sqs|sns|kinesis|amqp)\/topology|\w+\/rights)$/;

export function apiPage(): string {
  const packages = ORDER.map((short) => workspaces.find((of) => of.short === short) as Workspace);
  const entries = packages.flatMap(entriesOf);
  const sections = entries.map(({ specifier, file }) => {
    const names = exportsOf(file);
    const parts = names.map(
      ({ name, doc, signature }) => `### ${name}\n\n${tagsOf(doc)}\n\n\`\`\`mts\n${signature}\n\`\`\``,
    );
    return [`## ${specifier}`, ...parts].join("\n\n");
  });
  const list = entries.map(({ specifier }) => `- [\`${specifier}\`](#${specifier.replace(/[^a-z-]/g, "")})`);
  return `# API

${GENERATED}

Every exported name with its documentation and its signature, as the sources have them.

${list.join("\n")}

${sections.join("\n\n")}
`;
}

/** Tags of a doc comment, as words: `@throws MessagingError ...`. */
const tagsOf = (doc: string): string =>
  doc
    .replace(/^```ts$/gm, "```mts")
    .replace(/^@throws (\w+)/gm, "Throws `$1`")
    .replace(/^@(\w+)/gm, (_, tag: string) => `**${tag}**`);

function entriesOf({ manifest, short }: Workspace): readonly { readonly specifier: string; readonly file: string }[] {
  return Object.entries(manifest.exports).flatMap(([subpath, targets]) => {
    const source = typeof targets === "string" ? undefined : targets["@switchyard/source"];
    if (source === undefined || INTERNAL.test(manifest.name + subpath.slice(1))) return [];
    return [{ specifier: manifest.name + subpath.slice(1), file: join("packages", short, source) }];
  });
}

/** The exports of a file, followed to their declarations. A name of another package is documented there. */
function exportsOf(file: string): readonly Exported[] {
  const source = sourceOf(file);
  return source.body.flatMap((statement): readonly Exported[] => {
    const from = statement["source"]?.value as string | undefined;
    const target = from === undefined ? undefined : fileOf(file, from);
    if (statement.type === "ExportAllDeclaration") return target === undefined ? [] : exportsOf(target);
    if (statement.type !== "ExportNamedDeclaration") return [];
    const { declaration } = statement as unknown as { declaration: Node | null };
    if (declaration !== null) return namesOf(declaration).map((name) => documented(source, name, name));
    return (statement["specifiers"] as readonly Node[]).flatMap((specifier): readonly Exported[] => {
      const [local, name] = [specifier["local"].name as string, specifier["exported"].name as string];
      const found = target === undefined ? resolve(source, local) : resolve(sourceOf(target), local);
      return from !== undefined && target === undefined
        ? []
        : found === undefined
          ? []
          : [documented(found.source, found.name, name)];
    });
  });
}

/** A file beside this one. Undefined for a package. */
function fileOf(file: string, from: string): string | undefined {
  if (!from.startsWith(".")) return undefined;
  const path = join(dirname(file), from);
  return existsSync(join(root, path)) ? path : undefined;
}

/** Where a name that a file has is declared: there, or in a file that it imports or exports it from. */
function resolve(source: Source, name: string): { readonly source: Source; readonly name: string } | undefined {
  for (const statement of source.body) {
    const declaration = (statement["declaration"] ?? statement) as Node;
    if (namesOf(declaration).includes(name)) return { source, name };
    const from = statement["source"]?.value as string | undefined;
    if (from === undefined) continue;
    const target = fileOf(source.path, from);
    if (statement.type === "ExportAllDeclaration" && target !== undefined) {
      const found = resolve(sourceOf(target), name);
      if (found !== undefined) return found;
    }
    for (const specifier of (statement["specifiers"] ?? []) as readonly Node[]) {
      const [here, there] = [
        specifier["exported"] ?? specifier["local"],
        specifier["imported"] ?? specifier["local"],
      ] as Node[];
      if (here?.["name"] === name)
        return target === undefined ? undefined : resolve(sourceOf(target), there?.["name"] as string);
    }
  }
  return undefined;
}

function namesOf(declaration: Node): readonly string[] {
  if (declaration["id"]?.name !== undefined) return [declaration["id"].name as string];
  return ((declaration["declarations"] ?? []) as readonly Node[]).map(({ id }) => id.name as string);
}

function documented(source: Source, name: string, as: string): Exported {
  const { declaration, statement } = declarationOf(source, name);
  const doc = source.docOf(statement);
  if (doc === undefined) throw new Error(`${source.path}: ${name} is exported and has no doc comment`);
  return { name: as, doc, signature: signatureOf(source, declaration, statement) };
}

/** The declaration as written, without bodies of functions and without values. */
function signatureOf(source: Source, declaration: Node, statement: Node): string {
  const text = (from: number, to: number) => source.text.slice(from, to).trimEnd();
  if (declaration.type === "FunctionDeclaration") {
    // Overloads are declared before the implementation and are what callers see.
    const overloads = source.body
      .map((each) => (each["declaration"] ?? each) as Node)
      .filter((each) => each.type === "TSDeclareFunction" && each["id"].name === declaration["id"].name);
    if (overloads.length > 0) return overloads.map(({ start, end }) => text(start, end)).join("\n");
    return `${text(declaration.start, declaration["body"].start as number)};`;
  }
  if (declaration.type === "VariableDeclarator") {
    const kept = declaration["id"].typeAnnotation as Node | null | undefined;
    const init = declaration["init"] as Node | null;
    const name = declaration["id"].name as string;
    if (kept !== undefined && kept !== null) return `const ${name}${text(kept.start, kept.end)};`;
    if (init?.type === "ArrowFunctionExpression")
      return `const ${name} = ${text(init.start, init["body"].start as number)} ...;`;
    return text(statement.start, statement.end).replace(/^export /, "");
  }
  if (declaration.type === "ClassDeclaration") return classOf(source, declaration);
  return text(declaration.start, declaration.end);
}

function classOf(source: Source, declaration: Node): string {
  const body = declaration["body"] as Node;
  const members = (body["body"] as readonly Node[]).filter(
    ({ key, accessibility }) => key?.type !== "PrivateIdentifier" && accessibility !== "private",
  );
  const lines = members.map((member) => {
    const function_ = member["value"] as Node | null;
    const inner = (function_?.["body"] ?? undefined) as Node | undefined;
    const end = inner === undefined ? member.end : inner.start;
    const own = source.text
      .slice(member.start, end)
      .trimEnd()
      .replace(/\s=\s[\s\S]*$/, "")
      .replace(/;$/, "");
    const doc = source.docOf(member);
    return `${doc === undefined ? "" : `  /** ${doc.replace(/\n/g, "\n   * ")} */\n`}  ${own};`;
  });
  return `${source.text.slice(declaration.start, body.start)}{\n${lines.join("\n")}\n}`;
}
