/** Makes the shortest policy document that grants some rights and nothing else. */
import type { Condition, IamRight } from "../driver/index.ts";

/** A policy of AWS IAM. `JSON.stringify` gives the text that AWS takes. */
export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** A statement of a policy. It has a principal only in the policy of a resource. */
export interface Statement {
  /** Says the service and the uses: `SqsReceive`. It is unique in its document. */
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Principal?: Readonly<Record<string, string | readonly string[]>>;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** A right, and the uses that need it. */
export interface Grain extends IamRight {
  readonly uses: ReadonlySet<string>;
}

/** Statements before they have a name. */
interface Draft {
  readonly service: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition: Condition;
  readonly uses: readonly string[];
}

/** Each right once, with all its uses. A right that a wildcard in another one includes is left out. */
export function grainsOf(rights: readonly (IamRight & { readonly use: string })[]): readonly Grain[] {
  const found = new Map<string, IamRight & { uses: Set<string> }>();
  for (const { use, ...right } of rights) {
    const key = JSON.stringify([right.action, right.resource, canonical(right.condition ?? {})]);
    const known = found.get(key) ?? { ...right, uses: new Set<string>() };
    known.uses.add(use);
    found.set(key, known);
  }
  const all = [...found.values()];
  const broad = all.filter(({ resource }) => resource.includes("*"));
  return all.filter((one) => {
    const wider = broad.find((other) => other !== one && includes(other, one));
    for (const use of one.uses) wider?.uses.add(use);
    return wider === undefined;
  });
}

function includes(broad: IamRight, one: IamRight): boolean {
  if (broad.action !== one.action || !matches(broad.resource, one.resource)) return false;
  return JSON.stringify(canonical(broad.condition ?? {})) === JSON.stringify(canonical(one.condition ?? {}));
}

/** `*` stands for any text, as in a policy. */
function matches(pattern: string, text: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(text);
}

/** Undefined without rights: IAM refuses a document without statements. */
export function documentOf(grains: readonly Grain[]): PolicyDocument | undefined {
  if (grains.length === 0) return undefined;
  const byResource = merge(grains.map(draftOf), ({ service, resources, condition }) => [service, resources, condition]);
  const byActions = merge(byResource, ({ service, actions, condition }) => [service, actions, condition]);
  return { Version: "2012-10-17", Statement: named(joinConditions(byActions)) };
}

function draftOf({ action, resource, condition = {}, uses }: Grain): Draft {
  const service = action.slice(0, action.indexOf(":"));
  return { service, actions: [action], resources: [resource], condition: canonical(condition), uses: [...uses] };
}

/** Joins drafts that are equal in `same`. Either their actions or their resources are then equal, so that nothing is added. */
function merge(drafts: readonly Draft[], same: (of: Draft) => readonly unknown[]): readonly Draft[] {
  const groups = Map.groupBy(drafts, (of) => JSON.stringify(same(of)));
  return [...groups.values()].map((all) => ({
    ...all[0]!,
    actions: union(all.map(({ actions }) => actions)),
    resources: union(all.map(({ resources }) => resources)),
    uses: union(all.map(({ uses }) => uses)),
  }));
}

/** Joins drafts that differ only in the values of one condition key, because several values mean any of them. */
function joinConditions(drafts: readonly Draft[]): readonly Draft[] {
  const done: Draft[] = [];
  for (const draft of drafts) {
    const at = done.findIndex((other) => joined(other, draft) !== undefined);
    if (at < 0) done.push(draft);
    else done[at] = joined(done[at]!, draft)!;
  }
  return done;
}

function joined(one: Draft, other: Draft): Draft | undefined {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  if (!same([one.actions, one.resources], [other.actions, other.resources])) return undefined;
  const [mine, theirs] = [flat(one.condition), flat(other.condition)];
  if (
    !same(
      mine.map(([place]) => place),
      theirs.map(([place]) => place),
    )
  )
    return undefined;
  const differing = mine.flatMap(([, values], n) => (same(values, theirs[n]![1]) ? [] : [n]));
  const [n] = differing;
  if (n === undefined || differing.length > 1) return undefined;
  const [[operator, key], values] = mine[n]!;
  const all = union([values, theirs[n]![1]]);
  const condition = { ...one.condition, [operator]: { ...one.condition[operator], [key]: all } };
  return { ...one, condition, uses: union([one.uses, other.uses]) };
}

const flat = (condition: Condition): (readonly [readonly [operator: string, key: string], readonly string[]])[] =>
  Object.entries(condition).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => [[operator, key], values] as const),
  );

/** `Sid`s say the service and the uses, so that they stay the same when other channels are added. */
function named(drafts: readonly Draft[]): readonly Statement[] {
  const sorted = [...drafts].sort((a, b) => compare(nameOf(a), nameOf(b)) || compare(a.resources[0]!, b.resources[0]!));
  const counts = new Map<string, number>();
  return sorted.map((draft) => {
    const name = nameOf(draft);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return {
      Sid: count === 1 ? name : `${name}${count}`,
      Effect: "Allow",
      Action: draft.actions,
      Resource: draft.resources,
      ...(Object.keys(draft.condition).length === 0 ? {} : { Condition: draft.condition }),
    };
  });
}

const nameOf = ({ service, uses }: Draft): string => [service, ...uses].map(capital).join("");
const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

const union = (lists: readonly (readonly string[])[]): readonly string[] => [...new Set(lists.flat())].sort(compare);

/** By code units, so that the order is the same everywhere. */
export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function canonical(condition: Condition): Condition {
  const sorted = <T>(of: Readonly<Record<string, T>>) => Object.entries(of).sort(([a], [b]) => compare(a, b));
  return Object.fromEntries(
    sorted(condition).map(([operator, keys]) => [
      operator,
      Object.fromEntries(sorted(keys).map(([key, values]) => [key, [...new Set(values)].sort(compare)])),
    ]),
  );
}
