/** `--where 'type=order.placed code=bank-down,timeout reason~declined age>1h age<6h'`: a filter of dead letters. */
import type { DeadLetterFilter } from "@switchyard/core";
import type { OptionSpec } from "./command.ts";
import { milliseconds } from "./durations.ts";
import { UsageError } from "./io.ts";

export const WHERE: OptionSpec = {
  type: "string",
  value: "FILTER",
  about: "'type= key= code= class= reason~ age> age<': all must hold; of values with commas, one",
};

const FIELDS: Readonly<Record<string, keyof DeadLetterFilter>> = {
  type: "type",
  key: "key",
  code: "code",
  class: "errorClass",
};

const CONDITION = /^([a-z]+)(=|~|>|<)(.+)$/s;

export function filterOf(where: unknown): DeadLetterFilter {
  const filter: Record<string, unknown> = {};
  for (const word of typeof where === "string" ? wordsOf(where) : []) {
    const [, name = "", sign, value = ""] = CONDITION.exec(word) ?? [];
    const field = Object.hasOwn(FIELDS, name) && sign === "=" ? FIELDS[name] : undefined;
    if (field !== undefined) set(filter, field, value.split(","), word);
    else if (name === "reason" && sign === "~") set(filter, "reason", value, word);
    else if (name === "age" && sign === ">") set(filter, "olderThan", milliseconds(value, "age>"), word);
    else if (name === "age" && sign === "<") set(filter, "newerThan", milliseconds(value, "age<"), word);
    else
      throw new UsageError(
        `--where: "${word}" is not a condition; write type=, key=, code= or class= with values, reason~text, age>6h or age<6h`,
      );
  }
  return filter;
}

function set(filter: Record<string, unknown>, field: string, value: unknown, word: string): void {
  if (Object.hasOwn(filter, field))
    throw new UsageError(`--where: "${word}" comes twice; write several values with commas`);
  filter[field] = value;
}

/** Words between spaces. A part in double quotes may have spaces: `reason~"card declined"`. */
function wordsOf(where: string): readonly string[] {
  const words = where.match(/(?:[^\s"]|"[^"]*")+/g) ?? [];
  if ((where.match(/"/g)?.length ?? 0) % 2 === 1) throw new UsageError("--where: a double quote is not closed");
  return words.map((word) => word.replaceAll('"', ""));
}
