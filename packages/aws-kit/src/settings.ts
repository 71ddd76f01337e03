import type { FoundPlace } from "@switchyard/core/driver";
import { MessagingError } from "@switchyard/core/driver-kit";

/** Checks of `native` settings that several services share. Each returns what is allowed, or undefined for a valid value. */

export function kmsKeyProblem(value: unknown, otherwise: string): string | undefined {
  return typeof value === "string" && /^(?:alias\/\S+|arn:aws[a-z-]*:kms:\S+|(?:mrk-)?[0-9a-f-]{32,36})$/.test(value)
    ? undefined
    : `the id, the ARN or the alias ("alias/name") of a KMS key; leave it out for ${otherwise}`;
}

export function tagsProblem(value: unknown): string | undefined {
  const allowed = "at most 50 tags, keys of 1 to 128 and values of up to 256 characters, keys not starting with aws:";
  if (typeof value !== "object" || value === null || Array.isArray(value)) return allowed;
  const entries = Object.entries(value);
  const fits = ([key, text]: [string, unknown]): boolean =>
    key.length >= 1 && key.length <= 128 && !/^aws:/i.test(key) && typeof text === "string" && text.length <= 256;
  return entries.length <= 50 && entries.every(fits) ? undefined : allowed;
}

interface PlaceOptions {
  readonly region?: string | undefined;
  readonly accountId?: string | undefined;
  readonly profile?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly client?: unknown;
}

/** Where a connection leads, as far as its options say it. */
export function placeText({ region, accountId, profile, endpoint, client }: PlaceOptions): string {
  const own = client === undefined ? undefined : "the given client's";
  const account =
    accountId ?? (profile === undefined ? (own ?? "that of the credentials") : `that of profile ${profile}`);
  return [
    region === undefined ? `region: ${own ?? "that of the environment"}` : region,
    `account: ${account}`,
    ...(endpoint === undefined ? [] : [`at ${endpoint}`]),
  ].join(", ");
}

/**
 * The region and the account that an ARN names. `expected`: the account that the configuration names.
 *
 * @throws MessagingError `wrong-account` if it is another.
 */
export function placeOfArn(arn: string, expected: string | undefined): FoundPlace {
  const [, , , region = "", account = ""] = arn.split(":");
  refuseOtherAccount(`"${arn}"`, account, expected);
  return { ...(account === "" ? {} : { account }), ...(region === "" ? {} : { region }) };
}

/** @throws MessagingError `wrong-account` if both are known and differ. */
export function refuseOtherAccount(what: string, account: string | undefined, expected: string | undefined): void {
  if (!account || expected === undefined || account === expected) return;
  throw new MessagingError(
    "wrong-account",
    `${what} is in the account ${account}, and the configuration names ${expected}; use the credentials of ${expected}, or correct accountId or the address`,
    { kind: "config" },
  );
}

/** As CloudFormation writes tags. */
export const tagsOf = (tags: Readonly<Record<string, string>> | undefined) => {
  const all = Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
  return all.length === 0 ? {} : { Tags: all };
};
