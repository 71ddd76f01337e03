import type { ContractCase } from "../case.ts";
import { cases as accepted } from "./c01-accepted.ts";
import { cases as batches } from "./c02-batches.ts";
import { cases as atLeastOnce } from "./c03-at-least-once.ts";
import { cases as identity } from "./c04-identity.ts";
import { cases as settle } from "./c05-settle.ts";
import { cases as settlement } from "./c06-settlement.ts";
import { cases as hold } from "./c07-hold.ts";
import { cases as order } from "./c08-order.ts";
import { cases as attempts } from "./c09-attempts.ts";
import { cases as delay } from "./c10-delay.ts";
import { cases as deadLetters } from "./c11-dead-letters.ts";
import { cases as backPressure } from "./c12-back-pressure.ts";
import { cases as stop } from "./c13-stop.ts";
import { cases as members } from "./c13-members.ts";
import { cases as states } from "./c13-states.ts";
import { cases as driverClose } from "./c13-driver-close.ts";
import { cases as expiry } from "./c14-expiry.ts";
import { cases as size } from "./c15-size.ts";
import { cases as text } from "./c16-text.ts";
import { cases as errors } from "./c17-errors.ts";
import { cases as capabilities } from "./c18-capabilities.ts";
import { cases as breaker } from "./breaker.ts";
import { cases as content } from "./content.ts";
import { cases as deadLetterOperations } from "./dead-letter-operations.ts";
import { cases as deadLetterEdits } from "./dead-letter-edits.ts";
import { cases as deadLetterFiles } from "./dead-letter-files.ts";
import { cases as handlerContext } from "./handler-context.ts";
import { cases as handlers } from "./handlers.ts";
import { cases as inbox } from "./inbox.ts";
import { cases as observed } from "./observed.ts";
import { cases as stream } from "./stream.ts";
import { cases as streamLeases } from "./stream-leases.ts";
import { cases as tail } from "./tail.ts";
import { cases as topology } from "./topology.ts";

const SETS = [
  accepted,
  batches,
  atLeastOnce,
  identity,
  settle,
  settlement,
  hold,
  order,
  attempts,
  delay,
  deadLetters,
  deadLetterOperations,
  deadLetterEdits,
  deadLetterFiles,
  backPressure,
  stop,
  members,
  states,
  driverClose,
  expiry,
  size,
  text,
  errors,
  capabilities,
  observed,
  content,
  breaker,
  inbox,
  handlers,
  handlerContext,
  tail,
  topology,
  stream,
  streamLeases,
];

/** Every case, by clause. */
export const cases: readonly ContractCase[] = SETS.flat();
