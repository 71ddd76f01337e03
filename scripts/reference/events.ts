/** docs/reference/events.md: every event, with its level and fields. */
import { EVENT_ADVICE } from "./event-advice.ts";
import { cell, code, declarationOf, GENERATED, type Node, sourceOf } from "./source.ts";

const FILE = "packages/core/src/api/events.ts";

interface Field {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
  readonly doc: string;
}

export function eventsPage(): string {
  const source = sourceOf(FILE);
  const { declaration, statement } = declarationOf(source, "MessagingEvent");
  const fieldsOf = (members: readonly Node[]): readonly Field[] =>
    members.map((member) => ({
      name: member["key"].name as string,
      type: source.textOf(member["typeAnnotation"].typeAnnotation as Node),
      optional: member["optional"] === true,
      doc: source.docOf(member) ?? "",
    }));
  const union = (declaration["typeAnnotation"].types as readonly Node[])
    .map(inner)
    .find(({ type }) => type === "TSUnionType") as Node;
  const context = fieldsOf(declarationOf(source, "EventContext").declaration["body"].body as readonly Node[]);
  const known = new Set<string>();
  const sections = (union["types"] as readonly Node[]).map((event) => {
    const doc = source.docOf(event);
    const fields = fieldsOf(event["members"] as readonly Node[]);
    const named = (name: string) => fields.find((field) => field.name === name)?.type.replaceAll('"', "") ?? "";
    if (doc === undefined) throw new Error(`${FILE}: the event ${named("type")} has no doc comment`);
    const advice = EVENT_ADVICE[named("type")];
    if (advice === undefined) throw new Error(`scripts/reference/event-advice.ts says nothing of ${named("type")}`);
    known.add(named("type"));
    const rest = fields.filter(({ name }) => name !== "type" && name !== "level");
    // Two events of a type differ in a literal `by`.
    const by = rest.some(({ name, type }) => name === "by" && type.startsWith('"')) ? `, by ${named("by")}` : "";
    const level = named("level").split(" | ").map(code).join(" or ");
    return [
      `## ${named("type")}${by}`,
      "",
      `${doc} Level: ${level}.`,
      "",
      `**What to do.** ${advice}`,
      "",
      ...table(rest),
    ].join("\n");
  });
  const unknown = Object.keys(EVENT_ADVICE).find((type) => !known.has(type));
  if (unknown !== undefined) throw new Error(`scripts/reference/event-advice.ts: there is no event ${unknown}`);
  return `# Events

${GENERATED}

Every event that \`connect({ observe })\` receives, with its fields. [The guide](../guides/events.md) shows how to use them, and [logs](../guides/logs.md) how to write them
to a logger.

${source.docOf(statement)}

An event has \`type\` and \`level\`, the fields of its section, and those of these that apply:

${table(context).join("\n")}

${sections.map((section) => section.trimEnd()).join("\n\n")}
`;
}

/** A union in parentheses. */
const inner = (node: Node): Node => (node.type === "TSParenthesizedType" ? (node["typeAnnotation"] as Node) : node);

function table(fields: readonly Field[]): readonly string[] {
  if (fields.length === 0) return [];
  const bare = fields.find(({ name, doc }) => doc === "" && name !== "type" && name !== "level");
  if (bare !== undefined) throw new Error(`${FILE}: a field ${bare.name} has no doc comment`);
  return [
    "| field | type | meaning |",
    "|---|---|---|",
    ...fields.map(
      ({ name, type, optional, doc }) =>
        `| ${code(name)}${optional ? ", optional" : ""} | ${cell(code(type))} | ${cell(doc)} |`,
    ),
  ];
}
