/** Tables that can be read on a narrow screen. The Markdown says nothing of this: a code host shows it as it is. */
import type { MarkdownOptions } from "vitepress";

type MarkdownIt = Parameters<NonNullable<MarkdownOptions["config"]>>[0];
type Token = ReturnType<MarkdownIt["parse"]>[number];

/** Up to this many columns the cells of a row are put below one another; wider tables scroll. */
const MOST_STACKED = 5;
/** Two columns fit side by side. */
const LEAST_STACKED = 3;

const ROLES: Readonly<Record<string, string>> = {
  table: "table",
  thead: "rowgroup",
  tbody: "rowgroup",
  tr: "row",
  th: "columnheader",
  td: "cell",
};

export function adaptTables(markdown: MarkdownIt): void {
  markdown.core.ruler.push("adapt-tables", ({ tokens }) => {
    let heading = "";
    const tables = new Map<string, number>();
    for (const [index, token] of tokens.entries()) {
      if (token.type === "heading_open") heading = textOf(tokens[index + 1]);
      if (token.type !== "table_open") continue;
      const end = tokens.findIndex(({ type }, at) => at > index && type === "table_close");
      const before = tables.get(heading) ?? 0;
      tables.set(heading, before + 1);
      adapt(tokens.slice(index, end + 1), `Table: ${heading}${before === 0 ? "" : `, ${before + 1}`}`);
    }
  });
  markdown.renderer.rules["table_open"] = (tokens, index, options, _env, self) => {
    const table = self.renderToken(tokens, index, options);
    const scrolls = (tokens[index]?.meta as Meta | null)?.scrolls;
    if (scrolls === undefined) return table;
    return `<div class="scrolls" role="region" aria-label="${markdown.utils.escapeHtml(scrolls)}" tabindex="0">${table}`;
  };
  markdown.renderer.rules["table_close"] = (tokens, index, options, _env, self) => {
    const table = self.renderToken(tokens, index, options);
    return (tokens[index]?.meta as Meta | null)?.scrolls === undefined ? table : `${table}</div>`;
  };
}

/** On the tokens that open and close a table. */
interface Meta {
  /** What a table that scrolls is called. */
  readonly scrolls?: string;
}

function adapt(table: readonly Token[], name: string): void {
  const headings = table.flatMap(({ type }, at) => (type === "th_open" ? [textOf(table[at + 1])] : []));
  const stacked = headings.length >= LEAST_STACKED && headings.length <= MOST_STACKED;
  const meta: Meta = headings.length > MOST_STACKED ? { scrolls: name } : {};
  let column = 0;
  for (const [at, token] of table.entries()) {
    const { tag } = token;
    if (token.type === "table_open" || token.type === "table_close") token.meta = meta;
    // A heading without words is no heading to somebody who hears the page.
    if (tag === "th" && headings[column] === "") token.tag = "td";
    if (token.type === "tr_open") column = 0;
    if (stacked && token.nesting === 1) {
      if (token.type === "table_open") token.attrJoin("class", "stacked");
      // A table that is shown as blocks is announced as a table only if it says so.
      token.attrSet("role", ROLES[token.tag] ?? "none");
      if (tag === "td" && headings[column] !== "") token.attrSet("data-column", headings[column] ?? "");
      if (tag === "td" && textOf(table[at + 1]) === "") token.attrJoin("class", "empty");
    }
    if (token.type === "th_close" || token.type === "td_close") column += 1;
  }
}

const textOf = (inline: Token | undefined): string => (inline?.children ?? []).map(({ content }) => content).join("");
