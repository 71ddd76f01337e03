/** Compares the attributes of a queue or an exchange with what they should be. */
import { isMissing } from "../errors.ts";
import type { Probe } from "./context.ts";
import type { DesiredExchange, DesiredQueue } from "./resources.ts";

export interface Difference {
  readonly attribute: string;
  readonly is: string;
  readonly wanted: string;
}

const MOST = 30;

export async function exists(of: DesiredQueue | DesiredExchange, probe: Probe): Promise<boolean> {
  try {
    await probe(async (channel) => {
      if (of.kind === "queue") await channel.checkQueue(of.name);
      else await channel.checkExchange(of.name);
    });
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/**
 * A declaration that matches an existing queue changes nothing. For any other the broker names the first attribute that differs. The
 * queue is then declared with the broker's value, and so on until nothing differs.
 */
export async function queueDifferences(of: DesiredQueue, probe: Probe): Promise<readonly Difference[]> {
  const found: Difference[] = [];
  const given: Record<string, string | number | boolean> = { ...of.arguments };
  let durable = true;
  for (let turn = 0; turn < MOST; turn++) {
    try {
      await probe((channel) => channel.assertQueue(of.name, { durable, arguments: given }));
      return found;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      const { attribute, is } = refusal;
      const wanted =
        attribute === "durable" ? String(durable) : given[attribute] === undefined ? "none" : String(given[attribute]);
      found.push({ attribute, is: is ?? "none", wanted });
      if (attribute === "durable") durable = is === "true";
      else if (attribute === "exclusive" || attribute === "auto_delete") return found;
      else if (is === undefined) delete given[attribute];
      else
        given[attribute] =
          refusal.number || typeof given[attribute] === "number"
            ? Number(is)
            : is === "true" || is === "false"
              ? is === "true"
              : is;
      // Another kind of queue has other attributes, so the rest cannot be compared.
      if (attribute === "x-queue-type" || attribute === "durable") return found;
    }
  }
  return found;
}

export async function exchangeDifferences(of: DesiredExchange, probe: Probe): Promise<readonly Difference[]> {
  try {
    await probe((channel) => channel.assertExchange(of.name, of.type, { durable: true, arguments: of.arguments }));
    return [];
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return [
      {
        attribute: refusal.attribute,
        is: refusal.is ?? "none",
        wanted: wantedOf(of, refusal.attribute),
      },
    ];
  }
}

const wantedOf = ({ type, arguments: given }: DesiredExchange, attribute: string): string =>
  attribute === "type" ? type : attribute === "durable" ? "true" : (given[attribute] ?? "none");

interface Refusal {
  readonly attribute: string;
  /** Undefined if the attribute is not set. */
  readonly is: string | undefined;
  readonly number: boolean;
}

/** The broker quotes the name of a type twice if it has a hyphen. */
const INEQUIVALENT =
  /inequivalent arg '([^']+)' for .*?(?:but current is none|but current is (?:the value )?'('?)([^']*)\2'(?: of type '([a-z]+)')?)/s;
const NUMBERS = /^(?:byte|short|int|signedint|long|float|double|decimal|unsigned.*)$/;

function refusalOf(error: unknown): Refusal | undefined {
  if (replyOf(error) !== 406) return undefined;
  const found = INEQUIVALENT.exec(String((error as Error).message));
  if (found === null) return undefined;
  return { attribute: found[1]!, is: found[3], number: found[4] !== undefined && NUMBERS.test(found[4]) };
}

const replyOf = (error: unknown): unknown => (error as { code?: unknown } | undefined)?.code;
