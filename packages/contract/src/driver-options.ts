import type { Adapter, Capabilities, Destination } from "@switchyard/core/driver";
import { places } from "./destinations.ts";
import type { Harness } from "./harness.ts";

/** Connection options as the adapter's schema returns them, as when configuration is read. */
export async function driverOptions(adapter: Adapter, given: Record<string, unknown>): Promise<unknown> {
  const result = await adapter.options["~standard"].validate(given);
  if (result.issues === undefined) return result.value;
  throw new Error(
    `the harness's connection options are refused: ${result.issues.map((issue) => issue.message).join("; ")}`,
  );
}

/** A destination like those that the cases use on this harness. */
function sample(harness: Harness): Destination {
  const { model, ordered, settings = {} } = harness;
  const { g } = places({ prefix: "p", channel: "c", model, ordered, groups: ["g"], settings, holdMs: 2_000 }).groups;
  return harness.runsOn === undefined ? g! : { ...g!, runsOn: harness.runsOn };
}

/** The capabilities that the adapter declares for the harness's destinations, without I/O. */
export function declared(harness: Harness): Capabilities {
  const given = harness.connection("declared");
  const result = harness.adapter.options["~standard"].validate(given);
  // A schema that validates asynchronously cannot be used here, so the options are taken as they were given.
  const options = result instanceof Promise || result.issues !== undefined ? given : result.value;
  const capabilities = harness.adapter.capabilities(sample(harness), options);
  if (capabilities === undefined)
    throw new Error(`${harness.name}: the adapter "${harness.adapter.name}" does not serve ${harness.model}`);
  return capabilities;
}
