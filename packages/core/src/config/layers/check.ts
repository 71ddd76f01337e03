/** Structure, checked: every mistake becomes a problem and is taken out, so that the rest can still be judged. */
import type { z } from "zod";
import type { Problems } from "./problems.ts";
import { knownKeys, placeOf } from "./structure.ts";
import { didYouMean, listed } from "../../base/suggest.ts";
import { getAt, isTree, type Path, type Tree, without } from "./tree.ts";

export interface Checked {
  readonly value: Tree;
  /** Paths of what was taken out: its absence is not another mistake. */
  readonly removed: readonly Path[];
}

export interface CheckOptions {
  readonly problems: Problems;
  /** The place as people know it. */
  readonly name: (path: Path) => string;
  /** How a value is quoted; undefined: not at all. */
  readonly quote: (path: Path, value: unknown) => string | undefined;
  /** Not yet filled in: reported elsewhere, where it is used. */
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
    // The last first, so that positions in lists stay right; something absent goes with what it is absent from.
    for (const path of paths.toReversed()) {
      let at = path;
      while (at.length > 0 && getAt(found, at) === undefined) at = at.slice(0, -1);
      removed.push(at);
      value = at.length === 0 ? {} : without(value, at);
    }
  }
}

type Issue = z.core.$ZodIssue;

/** Adds the problem and gives the paths to take out. */
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
      (branch) => branch.length > 0 && branch.every((one) => one.path.length > 0 || one.code === "unrecognized_keys"),
    );
    if (inner !== undefined && isTree(getAt(root, path)))
      return inner.flatMap((one) => report(schema, one, root, path, options));
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
