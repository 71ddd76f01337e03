/**
 * The optional attributes of an envelope: their names on the wire, in the order in which they are written. The header form, the
 * structured form and AMQP's headers follow this table. To add an attribute, add a row here and a field to {@link Envelope}.
 */
import { epoch } from "../base/iso-time.ts";
import { type Carried, type Envelope, MAX_HOP } from "./envelope.ts";
import { quoteName } from "./text.ts";

type Field = "key" | "expiresAt" | "hop" | "redrives" | "to" | "carried" | "causationId" | "notBefore" | "maxAttempts";

/** One attribute of the envelope: its name, and how it is written and read. */
export interface Attribute {
  /** A CloudEvents attribute or extension: lower-case letters and digits. */
  readonly name: string;
  readonly field: Field;
  /** The part of the field that the attribute is, if it is not all of it. */
  readonly part?: keyof Carried;
  /** Whether JSON has a number or a string. */
  readonly json: "number" | "string";
  /** The attribute as JSON text. Undefined: it is not written. */
  write(envelope: Envelope): string | undefined;
  /**
   * The field's value. Undefined: as if the attribute were absent. Throws if it is malformed; the message is then treated as foreign.
   */
  read(value: unknown): string | number | undefined;
}

const malformed = (name: string): never => {
  throw new TypeError(`${name} is malformed`);
};

const carriedText = (name: string, part: "coding" | "ref" | "refSha256"): Attribute => ({
  name,
  field: "carried",
  part,
  json: "string",
  write: ({ carried }) => (carried?.[part] === undefined ? undefined : quoteName(carried[part])),
  // Another producer's event may use the name for something else. It is as if the attribute were not there.
  read: (value) => (typeof value === "string" && value !== "" ? value : undefined),
});

const carriedBytes = (name: string, part: "codedBytes" | "refBytes"): Attribute => ({
  name,
  field: "carried",
  part,
  json: "number",
  write: ({ carried }) => (carried?.[part] === undefined ? undefined : String(carried[part])),
  read: (value) => (Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined),
});

/** The attributes of an envelope, in the order in which they are written. */
export const ATTRIBUTES: readonly Attribute[] = [
  {
    name: "partitionkey",
    field: "key",
    json: "string",
    write: ({ key }) => (key === undefined ? undefined : quoteName(key)),
    read: (value) => (typeof value === "string" ? value : malformed("partitionkey")),
  },
  {
    name: "expirytime",
    field: "expiresAt",
    json: "string",
    write: ({ expiresAt }) => (expiresAt === undefined ? undefined : `"${new Date(expiresAt).toISOString()}"`),
    read: (value) => {
      const at = epoch(value);
      return Number.isNaN(at) ? malformed("expirytime") : at;
    },
  },
  {
    name: "hop",
    field: "hop",
    json: "number",
    write: ({ hop }) => (hop > 0 ? String(hop) : undefined),
    read: (value) =>
      typeof value === "number" && Number.isInteger(value) && value >= 0 ? Math.min(value, MAX_HOP) : malformed("hop"),
  },
  {
    name: "redrives",
    field: "redrives",
    json: "number",
    write: ({ redrives }) => (redrives === undefined ? undefined : String(redrives)),
    // A stranger's number is cut instead of refused: it only bounds redriving.
    read: (value) => (Number.isInteger(value) && (value as number) > 0 ? Math.min(value as number, MAX_HOP) : 0),
  },
  {
    name: "maxattempts",
    field: "maxAttempts",
    json: "number",
    write: ({ maxAttempts }) => (maxAttempts === undefined ? undefined : String(maxAttempts)),
    // Another producer's event may use the name for something else.
    read: (value) => (Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : undefined),
  },
  {
    name: "togroup",
    field: "to",
    json: "string",
    write: ({ to }) => (to === undefined ? undefined : quoteName(to)),
    read: (value) => (typeof value === "string" && value !== "" ? value : malformed("togroup")),
  },
  carriedText("contentencoding", "coding"),
  carriedBytes("contentsize", "codedBytes"),
  carriedText("dataref", "ref"),
  carriedBytes("datarefsize", "refBytes"),
  carriedText("datarefsha256", "refSha256"),
  {
    name: "causationid",
    field: "causationId",
    json: "string",
    write: ({ causationId }) => (causationId === undefined ? undefined : quoteName(causationId)),
    // Another producer's event may use the name for something else.
    read: (value) => (typeof value === "string" && value !== "" ? value : undefined),
  },
  {
    name: "notbefore",
    field: "notBefore",
    json: "string",
    write: ({ notBefore }) => (notBefore === undefined ? undefined : `"${new Date(notBefore).toISOString()}"`),
    // Another producer's event may use the name for something else.
    read: (value) => {
      const at = epoch(value);
      return Number.isNaN(at) ? undefined : at;
    },
  },
];

/** The attributes of an envelope's `dead`, in the order in which they are written. */
export const DEAD_ATTRIBUTES: readonly Pick<Attribute, "name" | "json">[] = [
  { name: "reason", json: "string" },
  { name: "code", json: "string" },
  { name: "attempts", json: "number" },
  { name: "channel", json: "string" },
  { name: "group", json: "string" },
  { name: "errorclass", json: "string" },
  { name: "detail", json: "string" },
  { name: "firstat", json: "string" },
  { name: "lastat", json: "string" },
];
