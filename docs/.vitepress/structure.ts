/** What the navigation shows, in order. A page of the site that stands here nowhere fails the build, as does a name without a page. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DefaultTheme } from "vitepress";

const DOCS = join(import.meta.dirname, "..");

interface Section {
  readonly title: string;
  readonly folder: string;
  readonly pages: readonly string[];
}

const SECTIONS: readonly Section[] = [
  { title: "Start", folder: "start", pages: ["what-it-is", "compared", "quick-start", "tour"] },
  {
    title: "Concepts",
    folder: "concepts",
    pages: [
      ...["channel", "model", "group", "hold", "attempt"],
      ...["ordering-key", "dead-letter", "capability", "need", "profile"],
    ],
  },
  {
    title: "Guides",
    folder: "guides",
    pages: [
      ...[
        "consume",
        "publish",
        "batches",
        "retries",
        "breaker",
        "order",
        "dead-letters",
        "idempotent-handlers",
        "middleware",
        "async-context",
      ],
      ...[
        "command-line",
        "stop",
        "health",
        "endpoints",
        "deploy",
        "least-privilege",
        "tracing",
        "metrics",
        "on-call",
        "backlog",
        "scaling",
        "logs",
        "events",
        "secrecy",
        "testing",
        "explore",
        "several-services",
        "foreign-messages",
      ],
      ...["streams", "codecs", "compression", "encryption", "claim-check", "outbox", "inbox", "lambda"],
      ...["without-a-file", "bundlers", "commonjs", "write-an-adapter"],
    ],
  },
  { title: "Transports", folder: "transports", pages: ["sqs", "sns", "kinesis", "rabbitmq", "memory"] },
  {
    title: "Reference",
    folder: "reference",
    pages: ["configuration", "events", "errors", "environment", "api", "glossary"],
  },
  {
    title: "Moving from",
    folder: "moving",
    pages: ["sqs-consumer", "amqplib-rascal", "message-queue-toolkit", "kcl", "nestjs"],
  },
  { title: "Help", folder: "", pages: ["troubleshooting"] },
  {
    title: "Under the hood",
    folder: "",
    pages: [
      ...[
        "contract",
        "encryption-on-the-wire",
        "compatibility",
        "performance",
        "reliability",
        "architecture",
        "adapters",
        "health",
        "hostile-input",
      ],
      ...["v8", "dependencies"],
      "decisions/README",
    ],
  },
];

export function sidebar(): DefaultTheme.SidebarItem[] {
  const shown = SECTIONS.flatMap(({ folder, pages }) => pages.map((page) => pathOf(folder, page)));
  const lost = globSync("**/*.md", {
    cwd: DOCS,
    exclude: (path) => /(^|\/)(node_modules|\.vitepress)(\/|$)/.test(path),
  })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path !== "index.md" && !path.startsWith("decisions/") && !shown.includes(path));
  if (lost.length > 0) throw new Error(`in no section of docs/.vitepress/structure.ts: ${lost.join(", ")}`);
  return SECTIONS.map(({ title, folder, pages }) => ({
    text: title,
    collapsed: title !== "Start",
    items: pages.map((page) => ({ text: titleOf(pathOf(folder, page)), link: linkOf(pathOf(folder, page)) })),
  }));
}

const pathOf = (folder: string, page: string): string => (folder === "" ? `${page}.md` : `${folder}/${page}.md`);
const linkOf = (path: string): string => `/${path.replace(/\.md$/, "").replace(/README$/, "")}`;

/** A page is called what its first heading says. */
function titleOf(path: string): string {
  const heading = /^# (.+)$/m.exec(readFileSync(join(DOCS, path), "utf8"))?.[1];
  if (heading === undefined) throw new Error(`docs/${path} has no heading`);
  return heading.replaceAll("`", "");
}
