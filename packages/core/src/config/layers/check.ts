/** Checks the structure of a configuration. Each mistake is reported and removed, so that the rest can still be checked. */
import type { z } from "zod";
import type { Problems } from "./problems.ts";
import { knownKeys, placeOf } from "./structure.ts";
import { didYouMean, listed } from "../../base/suggest.ts";
import { getAt, isTree, type Path, type Tree, without } from "./tree.ts";

export interface Checked {
  readonly value: Tree;
  /** The paths that were removed. Their absence must not be reported as another mistake. */
  readonly removed: readonly Path[];
}

export interface CheckOptions {
  readonly problems: Problems;
  /** Names a place for people. */
  readonly name: (path: Path) => string;
  /** The value as an error may quote it. Undefined: the error must not quote it. */
  readonly quote: (path: Path, value: unknown) => string | undefined;
  /** True for a place whose variable is not set. It is reported where the value is used. */
  readonly ignore: (path: Path) => boolean;
}

export function check(schema: z.ZodType, input: unknown, options: CheckOptions): Checked {
  const removed: Path[] = [];
  let value = input;
  for (;;) {
    const result = schema.safeParse(value);
    if (result.success) return { value: result.data as Tree, removed };
    const found = value;
    const paths = result.error.issues.flatMap((issue) => report(schema, issue, found, [], options));
    // Remove the last path first, so that indices in lists stay valid. If a key is missing, remove the object that lacks it.
    for (const path of paths.toReversed()) {
      let at = path;
      while (at.length > 0 && getAt(found, at) === undefined) at = at.slice(0, -1);
      removed.push(at);
      value = at.length === 0 ? {} : without(value, at);
    }
  }
}

type Issue = z.core.$ZodIssue;

/** Reports an issue. Returns the paths to remove. */
function report(schema: z.ZodType, issue: Issue, root: unknown, base: Path, options: CheckOptions): Path[] {
  const path = [...base, ...issue.path];
  const add = (at: Path, message: string) => {
    if (!options.ignore(at)) options.problems.add(options.name(at) || "configuration", message);
  };
  if (issue.code === "unrecognized_keys") {
    const allowed = keysAt(schema, path);
    for (const key of issue.keys)
      add([...path, key], `unknown key; allowed: ${listed(allowed)}.${didYouMean(key, allowed)}`);
    return issue.keys.map((key) => [...path, key]);
  }
  if (issue.code === "invalid_union") {
    const inner = issue.errors.find(
      (branch) =>
        branch.length > 0 && branch.every(({ path, code }) => path.length > 0 || code === "unrecognized_keys"),
    );
    if (inner !== undefined && isTree(getAt(root, path)))
      return inner.flatMap((nested) => report(schema, nested, root, path, options));
  }
  if (issue.code === "invalid_key") {
    add(path, `a name must be ${issue.issues[0]?.message ?? "text"}`);
    return [path];
  }
  const given = options.quote(path, getAt(root, path));
  const prefix = given === undefined ? "" : `${given}: `;
  if (issue.code === "invalid_value") {
    const allowed = issue.values.map(String);
    add(
      path,
      `${prefix}allowed: ${listed(allowed)}.${given === undefined ? "" : didYouMean(getAt(root, path), allowed)}`,
    );
  } else {
    add(path, `${prefix}must be ${expected(issue)}`);
  }
  return [path];
}

const EXPECTED: Readonly<Record<string, string>> = {
  object: "a mapping of keys to values",
  record: "a mapping of names",
  int: "a whole number",
};

function expected(issue: Issue): string {
  if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input"))
    return EXPECTED[issue.expected] ?? issue.expected;
  return issue.message;
}

function keysAt(schema: z.ZodType, path: Path): readonly string[] {
  let at: z.ZodType | undefined = schema;
  for (const key of path) at = at && placeOf(at)?.below(String(key));
  return at === undefined ? [] : knownKeys(at);
}
