/** Texts of resources that hold the place they are made in, or another resource's ARN. */
import type { Resource } from "@switchyard/core/driver";

/** A text in parts: literal, a part of the place, or a resource. */
export type Part =
  | { readonly text: string }
  | { readonly place: "partition" | "region" | "account" }
  | { readonly resource: Resource };

/** Splits a text. The ARN of a listed resource is found as a whole, so that the tool makes that one first. */
export function partsOf(text: string, byArn: ReadonlyMap<string, Resource>): readonly Part[] {
  const resource = byArn.get(text);
  if (resource !== undefined) return [{ resource }];
  return text.split(/(@\{(?:partition|region|account)\})/).flatMap((part): readonly Part[] => {
    const place = /^@\{(\w+)\}$/.exec(part)?.[1];
    if (place !== undefined) return [{ place: place as "partition" | "region" | "account" }];
    return part === "" ? [] : [{ text: part }];
  });
}

export const byArn = (resources: readonly Resource[]): ReadonlyMap<string, Resource> =>
  new Map(resources.flatMap((resource) => (resource.arn === undefined ? [] : [[resource.arn, resource] as const])));

/** Replaces every text in a value. */
export function mapTexts(value: unknown, change: (text: string) => unknown): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((each) => mapTexts(each, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapTexts(each, change)]));
}

/** A name of letters and digits for a resource, from its own: `dev_orders.fifo` is `DevOrdersFifo`. Equal ones are numbered. */
export function namer(): (resource: Resource) => string {
  const given = new Map<string, string>();
  const taken = new Set<string>();
  return ({ type, name }) => {
    const key = `${type} ${name}`;
    const known = given.get(key);
    if (known !== undefined) return known;
    const words = `${name} ${type.split("::").at(-1)!}`.split(/[^a-zA-Z0-9]+/).filter((word) => word !== "");
    const base = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
    let found = base;
    for (let n = 2; taken.has(found); n++) found = `${base}${n}`;
    taken.add(found);
    given.set(key, found);
    return found;
  };
}
