/**
 * Part of `npm run check`: in every Markdown file each link leads somewhere, each anchor is a heading, and each block of TypeScript
 * compiles against the built packages, each YAML of the configuration resolves. A document that a comment in the code names is there, with its anchor. What is wrong is printed as `file:line: what`. test/readme.test.ts runs the blocks that say `run`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { anchorOf } from "../docs/.vitepress/anchor.ts";
import { configurationFaults } from "./document-configuration.ts";
import { blocksOf, withoutCode } from "./document-blocks.ts";

export interface Document {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
}

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Links that name this repository by its address: packages use them, since npm shows their READMEs elsewhere. */
const OURS = /^https:\/\/github\.com\/switchyard-js\/switchyard(?:\/(?:blob|tree)\/main\/([^#?]*))?(?=[#?]|$)/;
const CODE = /^(ts|typescript|js|javascript)$/;
const NOT_OURS = /(^|\/)(node_modules|dist|\.tmp|\.git|\.turbo)(\/|$)/;

/** The Markdown files of the repository. Changesets and changelogs are left out: they speak of the past. */
export function documents(): readonly Document[] {
  return globSync(["*.md", ".github/**/*.md", "{docs,packages,examples,bench,test}/**/*.md"], {
    cwd: ROOT,
    exclude: (path) => NOT_OURS.test(path),
  })
    .filter((path) => !path.endsWith("CHANGELOG.md"))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

/** Links that lead to no file, and anchors that are no heading. */
export function linkFaults(document: Document): readonly string[] {
  const faults: string[] = [];
  const text = withoutCode(document.text);
  for (const match of text.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)/gm)) {
    const target = (match[1] ?? match[2]) as string;
    const fault = faultOf(document, target);
    const line = text.slice(0, match.index).split("\n").length;
    if (fault !== undefined) faults.push(`${document.path}:${line}: ${target} ${fault}`);
  }
  return faults;
}

/** Our code. Its comments name documents from the root: `docs/v8.md#pretenuring`. */
export function sources(): readonly Document[] {
  return globSync(["packages/*/src/**/*.ts", "{bench,scripts,test}/**/*.{ts,js,mjs}"], {
    cwd: ROOT,
    exclude: (path) => NOT_OURS.test(path),
  })
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

/** Documents that are named in comments on lines of their own and are not there, and anchors that are no heading of theirs. */
export function commentFaults(source: Document): readonly string[] {
  const faults: string[] = [];
  for (const [index, line] of source.text.split("\n").entries()) {
    if (!/^\s*(?:\/?\*|\/\/)/.test(line)) continue;
    for (const [target] of line.matchAll(/\bdocs\/[\w./-]+\.md(?:#[\w-]+)?/g)) {
      const fault = faultOf(source, `/${target}`);
      if (fault !== undefined) faults.push(`${source.path}:${index + 1}: ${target} ${fault}`);
    }
  }
  return faults;
}

function faultOf(document: Document, target: string): string | undefined {
  const ours = OURS.exec(target);
  if (ours === null && /^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  const [path = "", anchor] = (ours === null ? target : `/${ours[1] ?? ""}${target.slice(ours[0].length)}`).split("#");
  const file = path.startsWith("/")
    ? join(ROOT, path)
    : path === ""
      ? join(ROOT, document.path)
      : resolve(ROOT, dirname(document.path), path);
  if (path === "" && anchor !== undefined)
    return anchorsOf(document.text).has(anchor) ? undefined : "is no heading of this document";
  if (!existsSync(file)) return "leads nowhere";
  if (anchor === undefined || anchor === "readme") return undefined;
  const page = statSync(file).isDirectory() ? join(file, "README.md") : file;
  if (!page.endsWith(".md")) return undefined;
  if (!existsSync(page)) return "leads nowhere";
  return anchorsOf(readFileSync(page, "utf8")).has(anchor) ? undefined : `is no heading of ${relative(ROOT, page)}`;
}

/** The anchors GitHub makes of a document's headings, and those written as HTML. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  const blocks = markdown.replace(/^```[\s\S]*?^```$/gm, "");
  for (const [, heading = ""] of blocks.matchAll(/^#{1,6}[ \t]+([^\n]+?)[ \t]*#*$/gm)) {
    const slug = anchorOf(heading);
    let name = slug;
    for (let times = 1; anchors.has(name); times += 1) name = `${slug}-${times}`;
    anchors.add(name);
  }
  for (const [, name = ""] of blocks.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(name);
  return anchors;
}

/** Blocks of code without a file name, which nothing would check, and errors of the compiler in those that have one. */
export function codeFaults(all: readonly Document[]): readonly string[] {
  const faults: string[] = [];
  const folder = join(ROOT, "test/.tmp", `documents-${process.pid}`);
  const origins = new Map<string, { readonly path: string; readonly line: number }>();
  try {
    for (const [index, { path, text }] of all.entries())
      for (const { language, name, line, text: code } of blocksOf(text)) {
        if (!CODE.test(language)) continue;
        if (name === undefined) {
          faults.push(`${path}:${line - 1}: name the block's file, as in \`\`\`${language} example.ts`);
          continue;
        }
        const file = join(folder, String(index), name);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, code);
        origins.set(relative(ROOT, file), { path, line });
      }
    if (origins.size > 0) faults.push(...compile(folder, origins));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return faults;
}

function compile(
  folder: string,
  origins: ReadonlyMap<string, { readonly path: string; readonly line: number }>,
): readonly string[] {
  const tsconfig = {
    extends: join(ROOT, "test/tsconfig.json"),
    compilerOptions: { erasableSyntaxOnly: true, typeRoots: [join(ROOT, "node_modules/@types")] },
    include: ["**/*.ts"],
    exclude: [],
    references: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig));
  const tsc = spawnSync(join(ROOT, "node_modules/.bin/tsc"), ["-p", folder, "--pretty", "false"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (tsc.error !== undefined) return [`tsc did not run: ${tsc.error.message}`];
  const lines = `${tsc.stdout}${tsc.stderr}`.split("\n").filter((line) => line !== "");
  if (tsc.status !== 0 && lines.length === 0) return [`tsc ended with ${tsc.status ?? tsc.signal}`];
  return lines.map((line) => {
    const [, file = "", at = "", what = ""] = /^(.+?)\((\d+),\d+\): (.*)$/.exec(line) ?? [];
    const origin = origins.get(file);
    return origin === undefined ? line : `${origin.path}:${origin.line + Number(at) - 1}: ${what}`;
  });
}

if (import.meta.main) {
  const all = documents();
  const faults = [
    ...all.flatMap(linkFaults),
    ...sources().flatMap(commentFaults),
    ...codeFaults(all),
    ...(await configurationFaults(all)),
  ];
  for (const fault of faults) console.log(fault);
  if (faults.length > 0) process.exitCode = 1;
}
