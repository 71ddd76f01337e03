/** The site over docs/. The pages are plain Markdown that a code host shows as well: nothing here changes what they say. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { defineConfig, type MarkdownOptions } from "vitepress";
import { anchorOf } from "./anchor.ts";
import { descriptionOf } from "./description.ts";
import { sidebar } from "./structure.ts";
import { adaptTables } from "./tables.ts";

const ROOT = join(import.meta.dirname, "../..");
const DOCS = join(ROOT, "docs");
const REPOSITORY = "https://github.com/switchyard-js/switchyard";

type MarkdownIt = Parameters<NonNullable<MarkdownOptions["config"]>>[0];

/** Files that are no pages of the site, such as a package's README, are shown by the code host. */
function linkToRepository(markdown: MarkdownIt): void {
  markdown.core.ruler.push("link-to-repository", (state) => {
    const page = (state.env as { path: string }).path;
    for (const token of state.tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === "link_open" ? (token.attrGet("href") ?? "") : "";
      if (href === "" || href.startsWith("#") || href.startsWith("/") || /^[a-z][a-z0-9+.-]*:/i.test(href)) continue;
      const [path = "", anchor] = href.split("#");
      const file = join(dirname(page), path);
      const inside = !relative(DOCS, file).startsWith("..") && path.endsWith(".md");
      // The site's name of a folder's first page.
      if (inside) token.attrSet("href", href.replace(/(^|\/)README\.md(?=#|$)/, "$1index.md"));
      if (inside || !existsSync(file)) continue;
      const hash = anchor === undefined ? "" : `#${anchor}`;
      token.attrSet("href", `${REPOSITORY}/blob/main/${relative(ROOT, file).replaceAll("\\", "/")}${hash}`);
    }
  });
}

/** The lines of a drawing must not be wrapped: the style sheet makes its letters as small as its width asks for. */
const DRAWING = /[\u2500-\u257f\u25b2-\u25c4]|-->/;

/** The name of a block's file, which stands after its language, is shown above it. */
function dressBlocks(markdown: MarkdownIt): void {
  const fence = markdown.renderer.rules.fence;
  markdown.renderer.rules.fence = (tokens, index, options, env, self) => {
    const block = fence?.(tokens, index, options, env, self) ?? "";
    const { info = "", content = "" } = tokens[index] ?? {};
    const [language, name] = info.trim().split(/\s+/);
    if (language === "text" && DRAWING.test(content)) {
      const columns = Math.max(...content.split("\n").map(({ length }) => length));
      return `<div class="drawing" style="--columns: ${columns}">${block}</div>`;
    }
    return name === undefined ? block : `<div class="file-name">${markdown.utils.escapeHtml(name)}</div>${block}`;
  };
}

/** Who searches wants a guide before the design notes, tables of results and signatures in which the same word stands more often. It runs in the browser, so it uses nothing from outside. */
function boostDocument(id: string): number {
  if (/^\/(decisions|compatibility|performance|v8|architecture|adapters|dependencies|reference\/api)/.test(id))
    return 0.3;
  return /^\/(contract|moving)/.test(id) ? 0.7 : 1;
}

export default defineConfig({
  title: "Switchyard",
  description: "One messaging API for TypeScript services over queues, pub/sub and streams.",
  lang: "en",
  cleanUrls: true,
  rewrites: { "decisions/README.md": "decisions/index.md" },
  markdown: {
    anchor: { slugify: anchorOf },
    // Signatures in the reference, which are no programs and are not compiled as such.
    languageAlias: { mts: "ts", cjs: "js" },
    // Comments, too, have a contrast of 4.5 or more in these two.
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    config: (markdown) => {
      linkToRepository(markdown);
      dressBlocks(markdown);
      adaptTables(markdown);
    },
  },
  transformPageData: ({ filePath, frontmatter }) => ({
    description: descriptionOf(readFileSync(join(DOCS, filePath), "utf8")),
    // A decision stands in no order: "next" would lead to the first page of the site.
    frontmatter: /^decisions\/\d/.test(filePath) ? { ...frontmatter, prev: false, next: false } : frontmatter,
  }),
  vite: {
    resolve: {
      alias: [{ find: /^.*\/VPSidebarItem\.vue$/, replacement: join(import.meta.dirname, "theme/sidebar-item.ts") }],
    },
  },
  themeConfig: {
    nav: [
      { text: "Quick start", link: "/start/quick-start" },
      { text: "Guides", link: "/guides/consume", activeMatch: "^/guides/" },
      { text: "Transports", link: "/transports/sqs", activeMatch: "^/transports/" },
      { text: "Reference", link: "/reference/configuration", activeMatch: "^/reference/" },
      { text: "Troubleshooting", link: "/troubleshooting" },
    ],
    sidebar: sidebar(),
    outline: { level: [2, 3] },
    search: { provider: "local", options: { miniSearch: { searchOptions: { boostDocument } } } },
    socialLinks: [{ icon: "github", link: REPOSITORY }],
  },
});
