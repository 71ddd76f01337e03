/** The options of an adapter, read from the source of its zod schema: keys, types, and the comments beside them. */
import { dirname, join } from "node:path";
import { declarationOf, type Node, type Source, sourceOf } from "./source.ts";

export interface Option {
  /** Inside another option with a dot: `tls.ca`. */
  readonly key: string;
  readonly type: string;
  readonly doc: string;
  readonly optional: boolean;
  /** What the schema fills in, where it does. */
  readonly fallback?: string;
}

export function optionsOf(path: string, name: string): readonly Option[] {
  const source = sourceOf(path);
  const schema = declarationOf(source, name).declaration["init"] as Node;
  const object = firstObject(schema);
  if (object === undefined) throw new Error(`${path}: no object of options in ${name}`);
  return optionsIn(source, object, "");
}

/** The argument of `strictObject` or `safeExtend`, under any number of calls on its result. */
function firstObject(node: Node): Node | undefined {
  if (node.type !== "CallExpression") return undefined;
  const callee = node["callee"] as Node;
  const method = callee["property"]?.name as string | undefined;
  if (method === "strictObject" || method === "safeExtend") return node["arguments"][0] as Node;
  return callee.type === "MemberExpression" ? firstObject(callee["object"] as Node) : undefined;
}

function optionsIn(source: Source, object: Node, before: string): readonly Option[] {
  return (object["properties"] as readonly Node[]).flatMap((property): readonly Option[] => {
    if (property.type === "SpreadElement") {
      const { declaration } = declarationOf(source, property["argument"].name as string);
      return optionsIn(source, declaration["init"] as Node, before);
    }
    const key = `${before}${property["key"].name as string}`;
    const value = (property["shorthand"] === true ? property["key"] : property["value"]) as Node;
    const calls = callsOf(value);
    const last = calls.find(({ method }) => method === "default")?.argument;
    const own: Option = {
      key,
      type: typeOf(source, value),
      doc: source.docOf(property) ?? "",
      optional: calls.some(({ method }) => method === "optional" || method === "default"),
      ...(last === undefined ? {} : { fallback: source.textOf(last) }),
    };
    return [own, ...inside(source, value, `${key}.`)];
  });
}

/** Options inside an option: those of an object, or of the members of a union told apart by a key. */
function inside(source: Source, value: Node, before: string): readonly Option[] {
  const object = firstObject(value);
  if (object !== undefined) return optionsIn(source, object, before);
  const named = calleeOf(value);
  if (named === undefined || named.type !== "Identifier") return [];
  const place = placeOf(source, named["name"] as string);
  if (place === undefined) return [];
  const union = place.init;
  if (union.type !== "CallExpression" || union["callee"].property?.name !== "discriminatedUnion") return [];
  const members = (union["arguments"][1].elements as readonly Node[]).map((member) => {
    const [tag, ...rest] = optionsIn(place.source, firstObject(member) as Node, before) as readonly [
      Option,
      ...Option[],
    ];
    return { tag, rest, named: tag.type.replaceAll('"', "") };
  });
  const shared = members[0]?.rest.filter(({ key, doc }) =>
    members.every(({ rest }) => rest.some((option) => option.key === key && option.doc === doc)),
  );
  const isShared = ({ key }: Option) => shared?.some((option) => option.key === key) === true;
  const own = members.flatMap(({ tag, rest, named: which }) => [
    { ...tag, key: `${tag.key}: ${which}` },
    ...rest.filter((option) => !isShared(option)).map((option) => ({ ...option, key: `${option.key} (${which})` })),
  ]);
  return [...own, ...(shared ?? [])];
}

/** The methods called on a value, outermost first, with their first argument. */
function callsOf(node: Node): readonly { readonly method: string; readonly argument: Node | undefined }[] {
  if (node.type !== "CallExpression" || node["callee"].type !== "MemberExpression") return [];
  const { property, object } = node["callee"] as { property: Node; object: Node };
  return [
    { method: property["name"] as string, argument: node["arguments"][0] as Node | undefined },
    ...callsOf(object),
  ];
}

/** What the calls are made on: `client` of `client.optional()`. */
function calleeOf(node: Node): Node | undefined {
  if (node.type === "Identifier") return node;
  if (node.type !== "CallExpression") return undefined;
  const callee = node["callee"] as Node;
  return callee.type === "MemberExpression" ? calleeOf(callee["object"] as Node) : callee;
}

/** Where a name is declared: in this file, or in the file it is imported from. */
function placeOf(source: Source, name: string): { readonly source: Source; readonly init: Node } | undefined {
  for (const statement of source.body)
    if (
      statement.type === "ImportDeclaration" &&
      (statement["specifiers"] as Node[]).some(({ local }) => local.name === name)
    ) {
      const from = statement["source"].value as string;
      return from.startsWith(".") ? placeOf(sourceOf(join(dirname(source.path), from)), name) : undefined;
    }
  const init = declarationOf(source, name).declaration["init"] as Node | undefined;
  return init === undefined ? undefined : { source, init };
}

/** The type in words. */
function typeOf(source: Source, node: Node): string {
  if (node.type === "Identifier") {
    if (node["name"] === "duration") return "duration";
    const place = placeOf(source, node["name"] as string);
    return place === undefined ? "any" : typeOf(place.source, place.init);
  }
  if (node.type === "ArrowFunctionExpression") return typeOf(source, node["body"] as Node);
  if (node.type !== "CallExpression") return "any";
  const callee = node["callee"] as Node;
  if (callee.type === "Identifier")
    return /duration|pace/.test(callee["name"] as string) ? "duration" : typeOf(source, callee);
  const on = callee["object"] as Node;
  if (on.type !== "Identifier" || on["name"] !== "z") return typeOf(source, on);
  const [first] = node["arguments"] as readonly Node[];
  switch (callee["property"].name as string) {
    case "string":
      return "text";
    case "int":
      return "whole number";
    case "boolean":
      return "true | false";
    case "literal":
      return source.textOf(first as Node);
    case "enum":
      return ((first as Node)["elements"] as readonly Node[]).map((each) => source.textOf(each)).join(" | ");
    case "array":
      return `list of ${typeOf(source, first as Node)}`;
    case "union":
      return ((first as Node)["elements"] as readonly Node[]).map((each) => typeOf(source, each)).join(" | ");
    case "record":
      return `${typeOf(source, (node["arguments"] as readonly Node[])[1] as Node)} for each name`;
    case "strictObject":
    case "discriminatedUnion":
      return "a section";
    case "custom":
      return "in code only";
    default:
      throw new Error(`${source.path}: what type is ${source.textOf(node)}?`);
  }
}
