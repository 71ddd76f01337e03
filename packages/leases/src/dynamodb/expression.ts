import type { Change, Expect } from "../store.ts";
import { type Attribute, checkpointColumns, OWNER, TOKEN } from "./rows.ts";

export interface Expression {
  readonly UpdateExpression?: string;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, Attribute>;
}

/** One conditional update as a DynamoDB expression. Every column has an alias, because some names are reserved words. */
export function expressionOf(expect: Expect, change: Change): Expression {
  const names: Record<string, string> = { "#key": "leaseKey" };
  const values: Record<string, Attribute> = {};
  const name = (column: string) => {
    names[`#${column}`] = column;
    return `#${column}`;
  };
  const value = (attribute: Attribute) => {
    const alias = `:v${Object.keys(values).length}`;
    values[alias] = attribute;
    return alias;
  };

  const conditions = ["attribute_exists(#key)"];
  const must = (column: string, wanted: Attribute | null | undefined) => {
    if (wanted === undefined) return;
    if (wanted === null) conditions.push(`attribute_not_exists(${name(column)})`);
    else conditions.push(`${name(column)} = ${value(wanted)}`);
  };
  must("leaseCounter", number(expect.counter));
  must(TOKEN, number(expect.token));
  must("leaseOwner", text(expect.owner));
  must("checkpointOwner", text(expect.handoverFrom));
  if (expect.holder !== undefined) {
    const holder = value({ S: expect.holder });
    conditions.push(`(${name("leaseOwner")} = ${holder} OR ${name("checkpointOwner")} = ${holder})`);
  }

  const sets: string[] = [];
  const removes: string[] = [];
  const put = (column: string, wanted: Attribute | null | undefined) => {
    if (wanted === undefined) return;
    if (wanted === null) removes.push(name(column));
    else sets.push(`${name(column)} = ${value(wanted)}`);
  };
  if (change.bump) sets.push(`${name("leaseCounter")} = ${name("leaseCounter")} + ${value({ N: "1" })}`);
  put(TOKEN, number(change.token));
  put("leaseOwner", text(change.owner));
  put(OWNER, text(change.owner));
  put("checkpointOwner", text(change.handoverFrom));
  put("ownerSwitchesSinceCheckpoint", number(change.tenures));
  if (change.children !== undefined)
    put("childShardIds", change.children.length === 0 ? null : { SS: change.children });
  if (change.checkpoint !== undefined) {
    for (const [column, wanted] of Object.entries(checkpointColumns(change.checkpoint))) put(column, wanted ?? null);
  }

  const parts = [
    sets.length > 0 ? `SET ${sets.join(", ")}` : "",
    removes.length > 0 ? `REMOVE ${removes.join(", ")}` : "",
  ];
  return {
    UpdateExpression: parts.filter((part) => part !== "").join(" "),
    ConditionExpression: conditions.join(" AND "),
    ExpressionAttributeNames: names,
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
  };
}

const number = (of: number | null | undefined): Attribute | null | undefined =>
  of === undefined || of === null ? of : { N: String(of) };
const text = (of: string | null | undefined): Attribute | null | undefined =>
  of === undefined || of === null ? of : { S: of };
