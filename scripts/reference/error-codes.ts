/** The error codes that core and the adapters can raise, found in their sources by the ways in which these make errors. */
import { globSync } from "node:fs";
import { root } from "../../test/support/workspace.ts";
import { type Node, type Source, sourceOf, walk } from "./source.ts";

const KINDS = ["retryable", "throttled", "ambiguous", "permanent", "auth", "config", "closed", "lost"];
const CODE = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
/** A code of which a part is known at run time only. */
const PART = /^(?:\*|[a-z0-9]+)(?:-(?:\*|[a-z0-9]+))+$/;
const PACKAGES =
  "packages/{core,memory,leases,aws-kit,sqs,sns,kinesis,aws,amqp,claim-check,encryption,outbox,inbox,otel,lambda,explore}/src/**/*.ts";
const NO_CODE_OF_OURS = /\.test\.ts$|\/fixtures\/|\/testing\//;

/** The codes with the packages that raise them. A part that is known at run time only is `*`. */
export function errorCodes(): ReadonlyMap<string, ReadonlySet<string>> {
  const codes = new Map<string, Set<string>>();
  const files = globSync(PACKAGES, { cwd: root }).filter((path) => !NO_CODE_OF_OURS.test(path));
  for (const path of files.sort()) {
    const source = sourceOf(path.replaceAll("\\", "/"));
    const of = source.path.split("/")[1] as string;
    for (const code of codesIn(source)) codes.set(code, (codes.get(code) ?? new Set()).add(of));
  }
  return new Map([...codes].sort(([one], [other]) => (one < other ? -1 : 1)));
}

function codesIn(source: Source): readonly string[] {
  const nodes = [...walk(source.body)];
  const takers = codeTakers(nodes);
  return nodes.flatMap((node): readonly string[] => {
    switch (node.type) {
      // ["config", "queue-not-found", "create it"]: a row of a table of faults.
      case "ArrayExpression":
        return afterKind(node["elements"] as readonly (Node | null)[]);
      // new AmqpFault("config", "not-amqp", ...); new MessagingError("closed", ...); refuse("bad-key", ...).
      case "NewExpression":
      case "CallExpression": {
        const given = node["arguments"] as readonly Node[];
        const name = node["callee"].name as string | undefined;
        const at = name === "MessagingError" ? 0 : name === undefined ? undefined : takers.get(name);
        return [...afterKind(given), ...(at === undefined ? [] : literalsOf(given[at]))];
      }
      // { kind: "config", code: "queue-not-found" }. zod's issues have a code as well, and no kind.
      case "ObjectExpression": {
        const all = node["properties"] as readonly Node[];
        const properties = all.filter(({ type }) => type === "Property");
        const value = (name: string) =>
          properties.find(({ key }) => (key.name ?? key.value) === name)?.["value"] as Node | undefined;
        const ofFault = value("kind") !== undefined || value("reason") !== undefined || properties.length < all.length;
        return ofFault ? literalsOf(value("code")) : [];
      }
      case "VariableDeclarator":
        return node["id"].name === "code" ? literalsOf(node["init"] as Node | null) : [];
      // function notFoundCode(...) { return "queue-not-found"; }
      case "FunctionDeclaration":
        return ((node["id"]?.name ?? "") as string).endsWith("Code")
          ? [...walk(node["body"])]
              .filter(({ type }) => type === "ReturnStatement")
              .flatMap(({ argument }) => literalsOf(argument as Node))
          : [];
      default:
        return [];
    }
  });
}

/** The functions and classes of a file that take a code, with the place of that parameter. */
function codeTakers(nodes: readonly Node[]): ReadonlyMap<string, number> {
  const takers = new Map<string, number>();
  const add = (name: string | undefined, taker: Node | undefined) => {
    const at = ((taker?.["params"] ?? []) as readonly Node[]).findIndex(
      (each) => (each["left"] ?? each).name === "code",
    );
    if (name !== undefined && at >= 0) takers.set(name, at);
  };
  for (const node of nodes) {
    if (node.type === "FunctionDeclaration") add(node["id"]?.name as string | undefined, node);
    if (node.type === "VariableDeclarator")
      add(node["id"].name as string | undefined, (node["init"] ?? undefined) as Node | undefined);
    if (node.type === "ClassDeclaration")
      for (const member of node["body"].body as readonly Node[])
        if (member["kind"] === "constructor") add(node["id"].name as string, member["value"] as Node);
  }
  return takers;
}

function afterKind([kind, code]: readonly (Node | null)[]): readonly string[] {
  return kind?.type === "Literal" && KINDS.includes(kind["value"] as string) ? literalsOf(code) : [];
}

/** The texts that a value can be, where they are codes. */
function literalsOf(node: Node | null | undefined): readonly string[] {
  switch (node?.type) {
    case "Literal":
      return typeof node["value"] === "string" && CODE.test(node["value"]) ? [node["value"]] : [];
    case "ConditionalExpression":
      return [...literalsOf(node["consequent"] as Node), ...literalsOf(node["alternate"] as Node)];
    case "LogicalExpression":
      return [...literalsOf(node["left"] as Node), ...literalsOf(node["right"] as Node)];
    case "TemplateLiteral":
      return [(node["quasis"] as readonly Node[]).map(({ value }) => value.cooked as string).join("*")].filter((text) =>
        PART.test(text),
      );
    default:
      return [];
  }
}
