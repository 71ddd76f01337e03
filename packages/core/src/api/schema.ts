import type { StandardSchemaV1 } from "@standard-schema/spec";
import { oneLine } from "../base/excerpt.ts";
import type { Problem } from "./errors.ts";

export type Validated =
  | { readonly value: unknown; readonly problems?: never }
  | { readonly problems: readonly Problem[] };

/** Validates a value. The result is a promise only if the schema is asynchronous, so the common case needs no turn of the event loop. */
export function validate(schema: StandardSchemaV1, value: unknown): Validated | Promise<Validated> {
  const result = schema["~standard"].validate(value);
  return "then" in result ? Promise.resolve(result).then(read) : read(result);
}

function read(result: StandardSchemaV1.Result<unknown>): Validated {
  if (!result.issues) return result as { readonly value: unknown };
  if (result.issues.length === 0) return { problems: [{ path: "", message: REFUSED }] };
  return { problems: result.issues.map((issue) => ({ path: fieldPath(issue.path), message: wordsOf(issue) })) };
}

const REFUSED = "refused by the schema";

/**
 * Why a field was refused: the schema library's code and what the schema asks for. Never its message, because valibot, arktype and others
 * quote the value in it. zod and arktype have a `code`, valibot a `type`; other libraries may have neither.
 */
function wordsOf(issue: StandardSchemaV1.Issue): string {
  const { code, type, expected, format, minimum, maximum } = issue as unknown as Readonly<Record<string, unknown>>;
  const words = [code, type].find((value) => typeof value === "string" && CODE.test(value)) as string | undefined;
  const wanted = typeof expected === "string" ? expected : format;
  let text = words ?? REFUSED;
  if (typeof wanted === "string") text += `, expected ${oneLine(wanted, MOST_WANTED)}`;
  if (typeof minimum === "number") text += `, at least ${minimum}`;
  if (typeof maximum === "number") text += `, at most ${maximum}`;
  return text;
}

const CODE = /^[\w-]{1,60}$/;
const MOST_WANTED = 100;

/** A path such as `lines[1].cents`. Empty for the message itself. */
function fieldPath(path: StandardSchemaV1.Issue["path"]): string {
  let text = "";
  for (const segment of path ?? []) {
    const key = typeof segment === "object" ? segment.key : segment;
    if (typeof key === "number") text += `[${key}]`;
    else if (typeof key === "string" && /^[\p{ID_Start}$_][\p{ID_Continue}$-]*$/u.test(key))
      text += text === "" ? key : `.${key}`;
    else text += `[${typeof key === "symbol" ? key.toString() : JSON.stringify(key)}]`;
  }
  return text;
}
