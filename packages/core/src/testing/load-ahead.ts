import { deadLetterCopy } from "../consume/attempt/conclude.ts";
import { loadAllParts } from "../consume/group/parts.ts";
import { inProcess } from "../wire/in-process.ts";
import { otherForms } from "../wire/other-forms.ts";

let loading: Promise<unknown> | undefined;

/**
 * Loads what core loads when a consumer, a sender or a message first needs it. For tests on a virtual clock: loading takes real time, and
 * no virtual time may pass meanwhile.
 */
export async function loadAhead(): Promise<void> {
  loading ??= Promise.all([loadAllParts(), otherForms(), deadLetterCopy(), inProcess()]);
  await loading;
}
