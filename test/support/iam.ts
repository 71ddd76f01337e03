/** Judges requests by policies as AWS IAM does, as far as our policies go: an unknown operator throws. */
import type { PolicyDocument, Statement } from "@switchyard/core/policies";

/** One thing that a call asks to be allowed. A call may ask for several. */
export interface Request {
  readonly action: string;
  readonly resource: string;
  /** Condition keys with their values. Keys that have several values hold a list. */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

/** Who asks, for the policies of resources: `{ AWS: "arn:...:root" }` or `{ Service: "sns.amazonaws.com" }`. */
export type Principal = Readonly<Record<string, string>>;

type Document = Pick<PolicyDocument, "Statement"> | undefined;

/** What the policies of one role say. A deny wins; what no statement allows is denied. */
export function isAllowed(request: Request, ...documents: readonly Document[]): boolean {
  return judge(request, documents, () => true);
}

/** What the policy of a resource says to a principal. */
export function isAllowedBy(document: Document, request: Request, principal: Principal): boolean {
  return judge(request, [document], (statement) => names(statement.Principal ?? {}, principal));
}

function judge(request: Request, documents: readonly Document[], concerns: (one: Statement) => boolean): boolean {
  const all = documents.flatMap((document) => document?.Statement ?? []);
  const effects = all.filter((one) => concerns(one) && applies(one, request)).map(({ Effect }) => Effect as string);
  return effects.includes("Allow") && !effects.includes("Deny");
}

function applies({ Action, Resource, Condition = {} }: Statement, { action, resource, context }: Request): boolean {
  return (
    list(Action).some((pattern) => glob(pattern.toLowerCase(), action.toLowerCase())) &&
    list(Resource).some((pattern) => glob(pattern, resource)) &&
    Object.entries(Condition).every(([operator, keys]) =>
      Object.entries(keys).every(([key, values]) => holds(operator, list(values), valueOf(context, key))),
    )
  );
}

const list = (value: string | readonly string[]): readonly string[] => (typeof value === "string" ? [value] : value);

function names(allowed: NonNullable<Statement["Principal"]>, principal: Principal): boolean {
  return Object.entries(principal).some(([kind, name]) => list(allowed[kind] ?? []).includes(name));
}

/** Condition keys are compared without case. */
function valueOf(context: Request["context"], key: string): readonly string[] | undefined {
  const found = Object.entries(context).find(([name]) => name.toLowerCase() === key.toLowerCase());
  return found === undefined ? undefined : list(found[1]);
}

const TESTS: Readonly<Record<string, (pattern: string, value: string) => boolean>> = {
  StringEquals: (pattern, value) => pattern === value,
  StringLike: (pattern, value) => glob(pattern, value),
  ArnEquals: arnLike,
  ArnLike: arnLike,
};

function holds(operator: string, patterns: readonly string[], values: readonly string[] | undefined): boolean {
  if (operator === "Null") return patterns.includes(String(values === undefined));
  const [set, name] = operator.includes(":") ? (operator.split(":") as [string, string]) : ["", operator];
  const test = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined;
  if (test === undefined || !["", "ForAnyValue", "ForAllValues"].includes(set))
    throw new Error(`the evaluator does not know the operator ${operator}`);
  const matches = (value: string): boolean => patterns.some((pattern) => test(pattern, value));
  if (set === "ForAllValues") return values?.every(matches) ?? true;
  if (set === "ForAnyValue") return values?.some(matches) ?? false;
  return values !== undefined && values.length === 1 && matches(values[0]!);
}

/** Part by part, so that `*` does not reach over a colon, but for the last part, which may hold colons itself. */
function arnLike(pattern: string, arn: string): boolean {
  const [patterns, parts] = [pattern, arn].map((text) => {
    const all = text.split(":");
    return [...all.slice(0, 5), all.slice(5).join(":")];
  }) as [string[], string[]];
  return patterns.every((each, n) => glob(each, parts[n] ?? ""));
}

/** `*` and `?` as in policies. Patterns of ours hold no other special characters of IAM, such as policy variables. */
function glob(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(text);
}

/** A part of a document that may be taken away: one action on one resource, or one of several values of a condition. */
export interface Grain {
  readonly what: string;
  readonly action: string;
  readonly resource: string;
  /** The document without it. */
  readonly rest: Document;
}

/** All grains of a document. */
export function grainsOf(document: PolicyDocument): readonly Grain[] {
  const atoms = document.Statement.flatMap(({ Action, Resource, ...rest }) =>
    list(Action).flatMap((action) =>
      list(Resource).map((resource) => ({ ...rest, Action: action, Resource: resource }) as const),
    ),
  );
  const without = (n: number, instead: readonly Statement[]): Document => ({
    Statement: [...atoms.slice(0, n), ...instead, ...atoms.slice(n + 1)],
  });
  return atoms.flatMap((atom, n): Grain[] => {
    const { Action: action, Resource: resource, Condition = {} } = atom;
    const values = Object.entries(Condition).flatMap(([operator, keys]) =>
      Object.entries(keys).flatMap(([key, all]) =>
        list(all).length < 2
          ? []
          : list(all).map((value): Grain => {
              const fewer = list(all).filter((one) => one !== value);
              const narrower = { ...Condition, [operator]: { ...keys, [key]: fewer } };
              const rest = without(n, [{ ...atom, Condition: narrower }]);
              return { what: `${action} on ${resource} where ${key} is ${value}`, action, resource, rest };
            }),
      ),
    );
    return [{ what: `${action} on ${resource}`, action, resource, rest: without(n, []) }, ...values];
  });
}

/** The condition keys of a document, with the action that each is used for. */
export function conditionsOf(document: PolicyDocument): readonly { readonly action: string; readonly key: string }[] {
  return document.Statement.flatMap(({ Action, Condition = {} }) =>
    Object.values(Condition).flatMap((keys) =>
      Object.keys(keys).flatMap((key) => list(Action).map((action) => ({ action, key }))),
    ),
  );
}
