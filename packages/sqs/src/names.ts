/** Names of queues: derived from the destination, or of an existing queue by name, URL or ARN. */
import type { Destination, Located } from "@switchyard/core/driver";
import { MAX_NAME } from "./limits.ts";

const NAME = /^[A-Za-z0-9_-]+(?:\.fifo)?$/;
const ARN = /^arn:(aws[a-z-]*):sqs:([a-z0-9-]+):(\d{12}):([A-Za-z0-9_-]+(?:\.fifo)?)$/;

export interface Address {
  readonly name: string;
  readonly url?: URL;
  readonly account?: string;
  readonly region?: string;
}

export function queueName(of: Destination): string {
  return of.ordered ? `${of.name}.fifo` : of.name;
}

/** Undefined if the address is not a name, a URL or an ARN of a queue. */
export function parseAddress(address: string): Address | undefined {
  if (NAME.test(address)) return { name: address };
  const arn = ARN.exec(address);
  if (arn !== null) return { region: arn[2]!, account: arn[3]!, name: arn[4]! };
  const url = /^https?:/.test(address) ? URL.parse(address) : null;
  if (url === null || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    return undefined;
  const [account, name, ...rest] = url.pathname.split("/").filter((part) => part !== "");
  if (account === undefined || name === undefined || rest.length > 0 || !/^\d{12}$/.test(account) || !NAME.test(name))
    return undefined;
  return { url, account, name };
}

export function locate(of: Destination): Located {
  const address = of.address ?? queueName(of);
  const problem = of.address === undefined ? nameProblem(address) : addressProblem(of.address, of.ordered);
  return problem === undefined ? { address } : { address, problem };
}

function nameProblem(name: string): string | undefined {
  if (!NAME.test(name)) return `"${name}" is not a queue name; SQS allows letters, digits, "-" and "_"`;
  if (name.length <= MAX_NAME) return undefined;
  return `"${name}" has ${name.length} characters; SQS allows ${MAX_NAME}, ".fifo" included: shorten the prefix, the channel or the group, or give an address`;
}

function addressProblem(address: string, ordered: boolean): string | undefined {
  const parsed = parseAddress(address);
  if (parsed === undefined)
    return `"${address}" is not a queue; write its name, its URL (https://sqs.REGION.amazonaws.com/ACCOUNT/NAME) or its ARN`;
  if (parsed.name.length > MAX_NAME) return nameProblem(parsed.name);
  if (parsed.name.endsWith(".fifo") === ordered) return undefined;
  return ordered
    ? `"${address}" is a standard queue and keeps no order; an ordering key needs a FIFO queue, whose name ends in .fifo`
    : `"${address}" is a FIFO queue; the channel declares no orderingKey: declare one, or give a standard queue`;
}
