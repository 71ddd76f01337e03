/** The partition, region and account that ARNs are made of. */
import type { Condition, IamRight, Place } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";
import { type ClientLike, configOf } from "../clients.ts";
import { partitionOfRegion } from "../partitions.ts";

export interface AwsPlace {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
}

/** What a connection says about its place. */
interface Said {
  readonly region?: string | undefined;
  readonly accountId?: string | undefined;
  readonly client?: ClientLike | undefined;
}

const REGION = /^[a-z]{2,}(?:-[a-z]+)+-\d+$/;
const ACCOUNT = /^\d{12}$/;
const PARTITION = /^aws(?:-[a-z]+)*$/;

/** Resolves with a function that completes what `policies()` was told by what the connection says. The connection wins. */
export async function awsPlace({ region, accountId, client }: Said): Promise<(given: Place) => AwsPlace> {
  const own = region ?? (await regionOf(client));
  return (given) => {
    const found = own ?? given.region;
    if (found === undefined)
      throw refuse("region: unknown; set it on the connection, or give policies({ region }) or AWS_REGION");
    if (!REGION.test(found)) throw refuse(`region: ${JSON.stringify(found.slice(0, 60))} is not a region of AWS`);
    const account = accountId ?? given.account;
    if (account === undefined || !ACCOUNT.test(account))
      throw refuse("account: give policies({ account }) the 12 digits of the AWS account, in quotes");
    return { region: found, account, partition: partitionFor(found, given.partition) };
  };
}

/** A client given in code knows its region. */
async function regionOf(client: ClientLike | undefined): Promise<string | undefined> {
  if (client === undefined) return undefined;
  // The SDK rejects if it finds no region.
  return (
    (await configOf(client)
      .region?.()
      .catch(() => undefined)) ?? undefined
  );
}

/** Every partition that is known here has its own regions. A partition that is not known is taken as given. */
function partitionFor(region: string, given: string | undefined): string {
  const known = partitionOfRegion(region);
  if (given === undefined || given === known) return known;
  if (!PARTITION.test(given))
    throw refuse(`partition: ${JSON.stringify(given.slice(0, 60))} is not one, such as "aws"`);
  if (known !== "aws" || given === "aws" || KNOWN.has(given))
    throw refuse(
      `partition: ${region} is a region of the partition ${known}, not of ${given}; leave the partition out`,
    );
  return given;
}

const KNOWN = new Set(["aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"]);

const refuse = (text: string): MessagingError => new MessagingError("bad-option", text, { kind: "config" });

/** Rights to some actions of a service on one resource. */
export function grant(
  service: string,
  actions: readonly string[],
  resource: string,
  condition?: Condition,
): readonly IamRight[] {
  return actions.map((action) => ({
    kind: "iam",
    action: `${service}:${action}`,
    resource,
    ...(condition === undefined ? {} : { condition }),
  }));
}

/** Rights to actions for which AWS has no resource. All that can be said is the region. */
export function regional(service: string, actions: readonly string[], { region }: AwsPlace): readonly IamRight[] {
  return grant(service, actions, "*", { StringEquals: { "aws:RequestedRegion": [region] } });
}
