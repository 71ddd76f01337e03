/** What an error of the AWS SDK means for any service: by its name, its HTTP status, or the network's error. */
import type { Fault, Phase } from "@switchyard/core/driver";
import { causesOf, isMessagingError, networkFault, quotedWords } from "@switchyard/core/driver-kit";
import { contextOf } from "./error-context.ts";
import { foreignFault, isForeign, messageOf } from "./foreign-answer.ts";

export type FaultRow = readonly [kind: Fault["kind"], code: string, hint?: string];
export type FaultTable = Readonly<Record<string, FaultRow>>;

const CREDENTIALS = "check the credentials the AWS SDK finds here (environment, profile, role)";
const THROTTLED: FaultRow = ["throttled", "throttled"];
/** Our own clients read the credentials again before they give up. A client given in code may not. */
const NO_OTHERS = `${CREDENTIALS}; if they were rotated, a client of your own may still use the old ones: make a new one`;
const EXPIRED: FaultRow = ["auth", "credentials-expired", NO_OTHERS];
const REFUSED: FaultRow = ["auth", "credentials-refused", NO_OTHERS];
/** The SDK corrects its clock from the reply, so the next call succeeds. */
const CLOCK: FaultRow = [
  "retryable",
  "clock-skew",
  "this machine's clock is wrong; set it, and keep it right with NTP",
];
/** The service did not get the whole request and did nothing. */
const UNREAD: FaultRow = ["retryable", "timeout", "the service waited too long for the request; check the network"];

/** By the SDK's name of an error. */
const COMMON: FaultTable = {
  Throttling: THROTTLED,
  ThrottlingException: THROTTLED,
  ThrottledException: THROTTLED,
  RequestThrottled: THROTTLED,
  RequestThrottledException: THROTTLED,
  TooManyRequestsException: THROTTLED,
  RequestLimitExceeded: THROTTLED,
  SlowDown: THROTTLED,
  BandwidthLimitExceeded: THROTTLED,
  PriorRequestNotComplete: THROTTLED,
  EC2ThrottledException: THROTTLED,
  TransactionInProgressException: THROTTLED,
  RequestTimeout: UNREAD,
  RequestTimeoutException: UNREAD,
  ExpiredToken: EXPIRED,
  ExpiredTokenException: EXPIRED,
  UnrecognizedClientException: REFUSED,
  InvalidClientTokenId: REFUSED,
  InvalidAccessKeyId: REFUSED,
  InvalidSignatureException: REFUSED,
  SignatureDoesNotMatch: REFUSED,
  MissingAuthenticationToken: REFUSED,
  MissingAuthenticationTokenException: REFUSED,
  IncompleteSignature: REFUSED,
  RequestTimeTooSkewed: CLOCK,
  RequestExpired: CLOCK,
  RequestInTheFuture: CLOCK,
};

export interface ServiceFaults {
  /** The word for the resource in hints: "queue", "stream". */
  readonly resource: string;
  /** The service's own errors, by name. They take precedence over the common ones. */
  readonly table: FaultTable;
  /** Classifies errors of the driver before any table. Called for each error of a chain of causes. */
  readonly first?: (error: object) => Fault | undefined;
  /** Classifies errors that no table names, before the status and the network's error are looked at. */
  readonly special?: (error: object, during: Phase) => Fault | undefined;
  /** Changes the fault of a named error, depending on the name and the phase. */
  readonly adjust?: (fault: Fault, name: string, during: Phase) => Fault;
  /** Classifies a MessagingError. Default: its kind, code and message as they are. */
  readonly own?: (error: { kind: Fault["kind"]; code: string; message: string }, during: Phase) => Fault;
}

/** A driver's `classify` for one service of AWS. It never throws. */
export function classifierOf(faults: ServiceFaults): (cause: unknown, during: Phase) => Fault {
  const denied: FaultRow = ["auth", "access-denied", `check the role's policy and the ${faults.resource}'s own`];
  const table: FaultTable = { ...COMMON, AccessDenied: denied, AccessDeniedException: denied, ...faults.table };
  return (cause, during) => {
    try {
      return withContext(faultOf(cause, during, faults, table) ?? unknownFault(during), cause);
    } catch {
      return unknownFault(during);
    }
  };
}

/** Adds the resource and the place. A MessagingError names its resource itself. */
export function withContext(fault: Fault, cause: unknown): Fault {
  const where = isMessagingError(cause) || fault.code === "aborted" ? undefined : contextOf(cause);
  return where === undefined ? fault : { ...fault, where };
}

/** Adds the service's own words. */
export function answered(fault: Fault, error: object): Fault {
  const said = messageOf(error);
  return said === "" || fault.said !== undefined ? fault : { ...fault, said };
}

/** A signature is refused because it is wrong or because of its time. Some services use one error name for both. */
const OF_CLOCK = /signature expired|signature not yet current|request timestamp/i;

function nameFault(row: FaultRow, error: object): Fault {
  return rowFault(row[0] === "auth" && OF_CLOCK.test(messageOf(error)) ? CLOCK : row);
}

function faultOf(cause: unknown, during: Phase, faults: ServiceFaults, table: FaultTable): Fault | undefined {
  if (isMessagingError(cause)) {
    return faults.own?.(cause, during) ?? { kind: cause.kind, code: cause.code, hint: cause.message };
  }
  const { first, special, adjust } = faults;
  for (const error of causesOf(cause)) {
    const known = first?.(error);
    if (known !== undefined) return answered(known, error);
    if (isForeign(error)) return foreignFault(error, during);
    for (const name of namesOf(error)) {
      const row = Object.hasOwn(table, name) ? table[name] : undefined;
      if (row === undefined) continue;
      const fault = nameFault(row, error);
      return answered(adjust?.(fault, name, during) ?? fault, error);
    }
    const own = noRegion(error) ?? credentialsFault(error);
    if (own !== undefined) return own;
    const said = special?.(error, during) ?? byStatus(error, during);
    if (said !== undefined) return answered(said, error);
    const network = networkFault(error, during);
    if (network !== undefined) return network;
  }
  return undefined;
}

/** A longer text is not the name of an error. */
const MOST_NAME = 200;

/** The error's names without what a protocol adds: `com.amazonaws.sqs#QueueDoesNotExist`, `AWS.SimpleQueueService.NonExistentQueue;Sender`. */
export function namesOf(error: object): readonly string[] {
  const { name, Code, code, __type } = error as Record<string, unknown>;
  const names = [name, Code, code, __type].filter((value): value is string => typeof value === "string");
  return names.map((value) => /[A-Za-z]+$/.exec(value.slice(0, MOST_NAME).split(";")[0] ?? "")?.[0] ?? value);
}

/** The fault of a call whose outcome is unknown. */
export function unknownFault(during: Phase): Fault {
  return { kind: during === "send" ? "ambiguous" : "retryable", code: "unknown" };
}

export function rowFault([kind, code, hint]: FaultRow): Fault {
  return hint === undefined ? { kind, code } : { kind, code, hint };
}

function noRegion(error: object): Fault | undefined {
  const { message } = error as { message?: unknown };
  if (typeof message !== "string" || !message.startsWith("Region is missing")) return undefined;
  return { kind: "config", code: "region-missing", hint: "set region on the connection, or AWS_REGION" };
}

function byStatus(error: object, during: Phase): Fault | undefined {
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  if (status === undefined) return undefined;
  if (status === 429) return { kind: "throttled", code: "throttled" };
  if (status === 401 || status === 403) return { kind: "auth", code: "access-denied", hint: CREDENTIALS };
  if (status >= 500) return { kind: during === "send" ? "ambiguous" : "retryable", code: "service-failed" };
  if (status === 408) return { kind: during === "send" ? "ambiguous" : "retryable", code: "timeout" };
  if (status === 413 && during === "send") return { kind: "permanent", code: "too-large" };
  if (status >= 400 && isPassing(error)) return { kind: "retryable", code: "service-failed" };
  // A refused request was not carried out. A message in it is refused for good; settings of a resource are for the user to change.
  if (status >= 400) {
    const ofMessage = during === "send" || during === "settle" || during === "extend";
    return { kind: ofMessage ? "permanent" : "config", code: "refused" };
  }
  return undefined;
}

/** Whether the service's model marks the error as transient. */
function isPassing(error: object): boolean {
  const { $retryable } = error as { $retryable?: unknown };
  return typeof $retryable === "object" && $retryable !== null;
}

const PROVIDERS = new Set(["CredentialsProviderError", "TokenProviderError", "ProviderError"]);
/** Error codes of Node's file system. */
const FILE = new Set(["ENOENT", "EACCES", "EISDIR", "EPERM"]);

/** A fault of the SDK's credential providers, before anything was sent. Undefined: another error. */
function credentialsFault(error: object): Fault | undefined {
  const { name, code, path, syscall } = error as { name?: unknown; code?: unknown; path?: unknown; syscall?: unknown };
  if (FILE.has(String(code)) && typeof path === "string" && syscall !== "connect") {
    const hint = `the AWS SDK cannot read the file ${quotedWords(path)} (${String(code)}): check AWS_WEB_IDENTITY_TOKEN_FILE and the other variables and profiles that name a file`;
    return { kind: "auth", code: "no-credentials", hint };
  }
  if (!PROVIDERS.has(String(name))) return undefined;
  const text = messageOf(error);
  const words = `; the AWS SDK said ${quotedWords(text)}`;
  if (/\bSSO\b|session token not found/i.test(text)) {
    const hint = `the SSO session has ended or was never started; run: aws sso login (with --profile if it belongs to a profile)${words}`;
    return { kind: "auth", code: "credentials-expired", hint };
  }
  const profile = /profile/i.test(text)
    ? "check the name of the profile (AWS_PROFILE, or profile on the connection)"
    : "";
  const hint = profile || "check the credentials the AWS SDK finds here (environment, profile, role)";
  return { kind: "auth", code: "no-credentials", hint: hint + words };
}
