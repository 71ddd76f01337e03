/**
 * Part of `npm run check`, after the site is built: what somebody who does not see a page, or comes from a search engine, needs of it.
 * It reads the HTML and runs no browser. What is wrong is printed as `path: what`.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface SitePage {
  /** From the site's root, as in `guides/retries.html`. */
  readonly path: string;
  readonly html: string;
}

const SITE = fileURLToPath(new URL("../docs/.vitepress/dist/", import.meta.url));
/** The longest that search engines show is shorter; more than this is no description. */
const LONGEST_DESCRIPTION = 200;

function sitePages(): readonly SitePage[] {
  return globSync("**/*.html", { cwd: SITE })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path !== "404.html")
    .sort()
    .map((path) => ({ path, html: readFileSync(join(SITE, path), "utf8") }));
}

export function siteFaults(pages: readonly SitePage[]): readonly string[] {
  const anchors = new Map(pages.map(({ path, html }) => [path, anchorsOf(html)]));
  return [
    ...pages.flatMap((page) => pageFaults(page).map((what) => `${page.path}: ${what}`)),
    ...pages.flatMap((page) => linkFaults(page, anchors).map((what) => `${page.path}: ${what}`)),
    ...repeated(pages, "title", titleOf),
    ...repeated(pages, "description", descriptionOf),
  ];
}

function pageFaults({ html }: SitePage): readonly string[] {
  const faults: string[] = [];
  if (!/<html[^>]* lang="[a-z-]+"/.test(html)) faults.push("no language");
  if (titleOf(html) === "") faults.push("no title");
  const description = descriptionOf(html);
  if (description === "") faults.push("no description");
  if (description.length > LONGEST_DESCRIPTION) faults.push(`a description of ${description.length} characters`);
  for (const landmark of ["main", "nav", "header"])
    if (!new RegExp(`<${landmark}[ >]`).test(html)) faults.push(`no <${landmark}>`);
  const levels = [...html.matchAll(/<h([1-6])[ >]/g)].map(([, level]) => Number(level));
  const first = levels.filter((level) => level === 1).length;
  if (first !== 1) faults.push(`${first} headings of level 1`);
  for (const [at, level] of levels.entries()) {
    const before = levels[at - 1];
    if (before !== undefined && level > before + 1) faults.push(`a heading of level ${level} after one of ${before}`);
  }
  for (const [image] of html.matchAll(/<img[^>]*>/g))
    if (!/ alt="[^"]+"/.test(image)) faults.push(`an image without words: ${image.slice(0, 80)}`);
  if (/<th[^>]*>\s*<\/th>/.test(html)) faults.push("a column heading without words");
  return faults;
}

/** Links that are not read as such, and those inside the site that lead nowhere. */
function linkFaults(page: SitePage, anchors: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const faults: string[] = [];
  for (const [, attributes = "", inner = ""] of page.html.matchAll(/<a ([^>]*)>([\s\S]*?)<\/a>/g)) {
    const href = unescaped(/(?:^| )href="([^"]*)"/.exec(attributes)?.[1] ?? "");
    // A place to link to, not a link.
    if (href === "") continue;
    if (textOf(inner) === "" && !/ aria-label="[^"]+"/.test(` ${attributes}`))
      faults.push(`a link without words: ${href}`);
    if (href.startsWith("http:")) faults.push(`${href} is not https`);
    if (/^[a-z]+:/.test(href)) continue;
    const [path = "", anchor] = href.split("#");
    const target = path === "" ? page.path : fileOf(new URL(path, `https://site/${page.path}`).pathname);
    const known = anchors.get(target);
    if (known === undefined) faults.push(`${href} leads nowhere`);
    else if (anchor !== undefined && anchor !== "" && !known.has(decodeURIComponent(anchor)))
      faults.push(`${href} is no anchor of ${target}`);
  }
  return [...new Set(faults)];
}

const fileOf = (path: string): string => {
  const name = path.replace(/^\//, "");
  return name === "" || name.endsWith("/") ? `${name}index.html` : `${name.replace(/\.html$/, "")}.html`;
};

function repeated(pages: readonly SitePage[], what: string, of: (html: string) => string): readonly string[] {
  const seen = new Map<string, string>();
  const faults: string[] = [];
  for (const { path, html } of pages) {
    const text = of(html);
    const other = seen.get(text);
    if (other !== undefined && text !== "") faults.push(`${path}: the ${what} of ${other}: ${text}`);
    seen.set(text, path);
  }
  return faults;
}

const anchorsOf = (html: string): ReadonlySet<string> =>
  new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id = ""]) => unescaped(id)));
const titleOf = (html: string): string => /<title>([^<]*)<\/title>/.exec(html)?.[1]?.trim() ?? "";
const descriptionOf = (html: string): string =>
  unescaped(/<meta name="description" content="([^"]*)"/.exec(html)?.[1]?.trim() ?? "");
const textOf = (html: string): string =>
  html
    .replace(/<[^>]*>/g, "")
    .replaceAll("\u200b", "")
    .replace(/&[a-z#0-9]+;/g, "x")
    .trim();
const unescaped = (text: string): string =>
  text
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");

if (import.meta.main) {
  const pages = sitePages();
  const faults = pages.length === 0 ? ["the site is not built: npm run docs:build"] : siteFaults(pages);
  for (const fault of faults) console.log(fault);
  if (faults.length > 0) process.exitCode = 1;
}
