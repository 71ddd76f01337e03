/** Names of streams and their consumers: derived from the destination, or of an existing stream by name or ARN. */
import type { Destination, Located } from "@switchyard/core/driver";
import type { StreamRef } from "./sdk.ts";
import { MAX_NAME } from "./limits.ts";

const NAME = /^[a-zA-Z0-9_.-]+$/;
const ARN = /^arn:aws[a-z-]*:kinesis:([a-z0-9-]+):(\d{12}):stream\/([a-zA-Z0-9_.-]{1,128})$/;

/** The address of the stream, which the groups share. */
const addressOf = (of: Destination): string => of.baseAddress ?? of.address ?? of.base;

/** `ConsumerName` of a group on enhanced fan-out. */
export const consumerName = (of: Destination): string => of.name;

export const isExternal = (of: Destination): boolean => (of.baseAddress ?? of.address) !== undefined;

export function streamName(of: Destination): string {
  const address = addressOf(of);
  return ARN.exec(address)?.[3] ?? address;
}

export function streamRef(of: Destination): StreamRef {
  const address = addressOf(of);
  return address.startsWith("arn:") ? { StreamARN: address } : { StreamName: address };
}

export function locate(of: Destination, fansOut: boolean): Located {
  const address = addressOf(of);
  const problem = problemOf(of, address, fansOut);
  return problem === undefined ? { address } : { address, problem };
}

function problemOf(of: Destination, address: string, fansOut: boolean): string | undefined {
  if (isExternal(of) && (ARN.test(address) || (NAME.test(address) && address.length <= MAX_NAME))) return undefined;
  if (isExternal(of))
    return `"${address}" is not a stream; write its name, or its ARN (arn:aws:kinesis:REGION:ACCOUNT:stream/NAME)`;
  for (const [what, name] of [["stream", address], ...(fansOut ? ([["consumer", consumerName(of)]] as const) : [])]) {
    if (!NAME.test(name!)) return `"${name}" is not a ${what} name; Kinesis allows letters, digits, "-", "_" and "."`;
    if (name!.length > MAX_NAME)
      return `"${name}" has ${name!.length} characters; Kinesis allows ${MAX_NAME}: shorten the prefix, the channel or the group, or give an address`;
  }
  return undefined;
}
