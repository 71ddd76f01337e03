/** What breaks between two versions of a service's channels. */
import type { AsyncApiDocument, Schema } from "./document.ts";

/** One change that breaks somebody. */
export interface Breaking {
  /** Where: `orders`, `orders/order.placed`, or a field below it. */
  readonly path: string;
  /** Who breaks: publishers that still send as before, or consumers that still read as before. */
  readonly breaks: "publishers" | "consumers";
  readonly text: string;
}

/** Compares two documents of `asyncapi()`. What it cannot judge, it reports. */
export function breaking(before: AsyncApiDocument, now: AsyncApiDocument): readonly Breaking[] {
  const found: Breaking[] = [];
  for (const [name, old] of Object.entries(before.channels)) {
    const channel = now.channels[name];
    if (channel === undefined) {
      found.push({ path: name, breaks: "publishers", text: "the channel is gone" });
      continue;
    }
    if (channel.address !== old.address)
      found.push({
        path: name,
        breaks: "publishers",
        text: `the address was ${old.address} and is ${channel.address}`,
      });
    for (const [type, ref] of Object.entries(old.messages)) {
      const path = `${name}/${type}`;
      const [was, is] = [messageAt(before, ref), messageAt(now, channel.messages[type])];
      if (was === undefined) continue;
      if (is === undefined) found.push({ path, breaks: "publishers", text: "the type is gone" });
      else {
        if (was.contentType !== is.contentType)
          found.push({
            path,
            breaks: "consumers",
            text: `the content type was ${was.contentType} and is ${is.contentType}`,
          });
        compare(was.payload, is.payload, path, found);
      }
    }
  }
  return found;
}

function messageAt({ components }: AsyncApiDocument, ref: { readonly $ref: string } | undefined) {
  const name = ref?.$ref.split("/").at(-1);
  return name === undefined ? undefined : components.messages[name];
}

const LOWER = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"] as const;
const UPPER = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"] as const;
const SAME = ["pattern", "format", "multipleOf", "uniqueItems", "propertyNames", "not", "allOf", "$ref", "if"] as const;

function compare(was: Schema, is: Schema, path: string, found: Breaking[]): void {
  if (same(was, is)) return;
  const [old, now] = [choicesOf(was), choicesOf(is)];
  if (old.length > 1 || now.length > 1) return compareChoices(old, now, path, found);
  const publishers = (text: string, at = path) => found.push({ path: at, breaks: "publishers", text });
  const consumers = (text: string, at = path) => found.push({ path: at, breaks: "consumers", text });
  const [oldTypes, newTypes] = [typesOf(was), typesOf(is)];
  const lost = oldTypes.filter(
    (type) => !newTypes.includes(type) && !(type === "integer" && newTypes.includes("number")),
  );
  if (newTypes.length > 0 && oldTypes.length === 0) publishers(`it was of any type and is ${newTypes.join(" or ")}`);
  if (newTypes.length > 0 && lost.length > 0) publishers(`it may not be ${lost.join(" or ")} any more`);
  const gained = newTypes.filter(
    (type) => !oldTypes.includes(type) && !(type === "integer" && oldTypes.includes("number")),
  );
  if (oldTypes.length > 0 && gained.length > 0) consumers(`it may be ${gained.join(" or ")} now`);
  compareValues(was, is, publishers, consumers);
  for (const name of LOWER)
    if (Number(is[name] ?? Number.NEGATIVE_INFINITY) > Number(was[name] ?? Number.NEGATIVE_INFINITY))
      publishers(`${name} was ${shown(was[name])} and is ${shown(is[name])}`);
  for (const name of UPPER)
    if (Number(is[name] ?? Number.POSITIVE_INFINITY) < Number(was[name] ?? Number.POSITIVE_INFINITY))
      publishers(`${name} was ${shown(was[name])} and is ${shown(is[name])}`);
  for (const name of SAME)
    if (is[name] !== undefined && !same(was[name], is[name]))
      publishers(`${name} was ${shown(was[name])} and is ${shown(is[name])}`);
  compareFields(was, is, path, found);
  if (isSchema(was["items"]) && isSchema(is["items"])) compare(was["items"], is["items"], `${path}[]`, found);
}

type Say = (text: string, at?: string) => unknown;

function compareValues(was: Schema, is: Schema, publishers: Say, consumers: Say): void {
  const [old, now] = [valuesOf(was), valuesOf(is)];
  if (now === undefined) return void (old !== undefined && consumers("it may have other values than before"));
  if (old === undefined) return void publishers(`it may only be ${now.map(shown).join(", ")} now`);
  const gone = old.filter((value) => !now.some((each) => same(each, value)));
  const added = now.filter((value) => !old.some((each) => same(each, value)));
  if (gone.length > 0) publishers(`it may not be ${gone.map(shown).join(", ")} any more`);
  if (added.length > 0) consumers(`it may be ${added.map(shown).join(", ")} now`);
}

function compareFields(was: Schema, is: Schema, path: string, found: Breaking[]): void {
  const [old, now] = [fieldsOf(was), fieldsOf(is)];
  const [needed, needs] = [requiredOf(was), requiredOf(is)];
  for (const field of needs.filter((name) => !needed.includes(name)))
    found.push({ path: `${path}.${field}`, breaks: "publishers", text: "it is required now" });
  for (const field of needed.filter((name) => !needs.includes(name)))
    found.push({ path: `${path}.${field}`, breaks: "consumers", text: "it was required and is not any more" });
  const closed = is["additionalProperties"] === false;
  for (const [name, schema] of Object.entries(old)) {
    const at = `${path}.${name}`;
    if (now[name] !== undefined) compare(schema, now[name], at, found);
    else if (closed)
      found.push({ path: at, breaks: "publishers", text: "the field is gone, and unknown fields are refused" });
  }
  if (closed && was["additionalProperties"] !== false && is["properties"] !== undefined)
    found.push({ path, breaks: "publishers", text: "unknown fields are refused now" });
}

/** Every old form must fit into a new one, and consumers know every new form that fits into an old one. */
function compareChoices(old: readonly Schema[], now: readonly Schema[], path: string, found: Breaking[]): void {
  const fits = (one: Schema, into: readonly Schema[]) =>
    into.some((other) => {
      const trouble: Breaking[] = [];
      compare(one, other, path, trouble);
      return !trouble.some(({ breaks }) => breaks === "publishers");
    });
  for (const form of old)
    if (!fits(form, now))
      found.push({ path, breaks: "publishers", text: `this form is not taken any more: ${shown(form)}` });
  for (const form of now)
    if (!fits(form, old)) found.push({ path, breaks: "consumers", text: `it may have this form now: ${shown(form)}` });
}

/** A schema of several types is one of several schemas, too. */
function choicesOf(schema: Schema): readonly Schema[] {
  const { anyOf, oneOf, ...rest } = schema;
  const given = anyOf ?? oneOf;
  if (Array.isArray(given)) return given.map((each: Schema) => ({ ...rest, ...each }));
  return typesOf(schema).length > 1 ? typesOf(schema).map((type) => ({ ...schema, type })) : [schema];
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const typesOf = ({ type }: Schema): readonly string[] => (type === undefined ? [] : ([type].flat() as string[]));
const requiredOf = ({ required }: Schema): readonly string[] => (Array.isArray(required) ? (required as string[]) : []);
const fieldsOf = ({ properties }: Schema): Readonly<Record<string, Schema>> =>
  isSchema(properties) ? (properties as Readonly<Record<string, Schema>>) : {};
const valuesOf = (schema: Schema): readonly unknown[] | undefined =>
  "const" in schema ? [schema["const"]] : Array.isArray(schema["enum"]) ? schema["enum"] : undefined;
const shown = (value: unknown): string => (value === undefined ? "free" : JSON.stringify(value));
const same = (one: unknown, other: unknown): boolean => canonical(one) === canonical(other);

/** JSON with the keys in order. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    isSchema(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each,
  ) ?? "undefined";
