/** `explain()`, `plan()`, `apply()` and others as applications import them. Their code is loaded when they are called: a service calls neither. */
import type { Explanation } from "../api/explanation.ts";
import type { NamedPlace } from "../api/place.ts";
import type { ApplyPlanOptions, PlannedTopology, PlanOptions } from "./provision.ts";
import type { PlannedResources } from "./resources.ts";

/**
 * Resolves the configuration and says what would run, as `messaging.explain()` does, without a connection. Takes what {@link plan} takes.
 *
 * @throws MessagingError `invalid-config`.
 */
export async function explain(options: PlanOptions): Promise<Explanation> {
  return (await import("./provision.ts")).explain(options);
}

/**
 * Compares the configuration with what the brokers have. Reads only the configuration and the `channel()` and `consumer()` values;
 * does not run the service and changes nothing.
 *
 * @throws MessagingError `invalid-config`, or the broker's error.
 */
export async function plan(options: PlanOptions): Promise<PlannedTopology> {
  return (await import("./provision.ts")).plan(options);
}

/**
 * Makes the changes that {@link plan} found. Idempotent; several processes may apply at once.
 *
 * @throws MessagingError `not-a-plan`, or the broker's error. Changes made before the error stay.
 */
export async function apply(planned: PlannedTopology, options: ApplyPlanOptions = {}): Promise<void> {
  return (await import("./provision.ts")).apply(planned, options);
}

/**
 * Asks the brokers where {@link apply} would make its changes: the account and the region, or the host and the virtual host, that answer. One
 * answer of each connection and model. It opens and closes a connection of its own.
 *
 * @throws MessagingError `not-a-plan`; `wrong-account` if the broker's account is another than the configuration's; the broker's error.
 */
export async function places(
  planned: PlannedTopology,
  options: { readonly signal?: AbortSignal } = {},
): Promise<readonly NamedPlace[]> {
  return (await import("./provision.ts")).places(planned, options);
}

/**
 * Lists what {@link apply} would make on brokers that have nothing yet, for deployment tools that make it instead. Opens no connection.
 * Takes what {@link plan} takes.
 *
 * @throws MessagingError `invalid-config`.
 */
export async function resources(options: PlanOptions): Promise<PlannedResources> {
  return (await import("./resources.ts")).resources(options);
}

/**
 * The file that `connect()` reads if it is given no `config`: the nearest `switchyard.config.*` in `cwd` or above it. Undefined if there is
 * none. Reads no file. Default of `cwd`: the working directory.
 *
 * @throws MessagingError `invalid-config` if a folder has several.
 */
export async function findConfig(cwd: string = process.cwd()): Promise<string | undefined> {
  return (await import("../config/load/find.ts")).nearestConfig(cwd);
}
