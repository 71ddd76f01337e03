/** What `connect()` does once the configuration is resolved: provisions, opens the connections, and puts the parts together. */
import { redacting } from "../consume/attempt/describe-error.ts";
import { MessagingError } from "../api/errors.ts";
import { loadOnce } from "../base/load-once.ts";
import type { Runtime } from "../driver/runtime.ts";
import type { Plan } from "../plan/plan.ts";
import type { Pipelines } from "./pipelines.ts";
import type { Observe } from "../api/events.ts";
import type { ConnectOptions } from "../api/messaging.ts";
import type { Telemetry } from "../api/telemetry.ts";
import type { Watch } from "../wire/probe.ts";
import { Connections, type Lazily } from "./connections.ts";
import { MessagingCore } from "./messaging.ts";
import { withoutSecrets } from "./observe.ts";
import type { ChannelShape } from "../api/shapes.ts";
import { outside } from "../runtime/async-context.ts";

/** The rest of what `connect()` was given. */
export interface ConnectPlanOptions extends Pick<ConnectOptions, "redact" | "telemetry" | "provision"> {
  readonly channels: readonly ChannelShape[];
  readonly runtime: Runtime;
  /** Must not throw. */
  readonly told: Observe;
  /** The observer wants successes, too. */
  readonly observed: boolean;
  /** Opens connections when they are first needed. Absent: they are opened before there is a service. */
  readonly lazily?: Lazily | undefined;
}

const provisioning = loadOnce(() => import("./provision.ts"));

export async function connectPlan(plan: Plan, options: ConnectPlanOptions): Promise<MessagingCore> {
  const served: { core?: MessagingCore } = {};
  const watch =
    options.telemetry === undefined
      ? undefined
      : await openTelemetry(options.telemetry, plan, options.runtime, () => served.core);
  try {
    served.core = await opened(plan, options, watch);
    return served.core;
  } catch (error) {
    void watch?.close();
    throw error;
  }
}

async function opened(plan: Plan, options: ConnectPlanOptions, watch: Watch | undefined): Promise<MessagingCore> {
  const { channels, runtime, told, observed } = options;
  const redact = redacting(plan.redact, options.redact);
  const observe = withoutSecrets(watch === undefined ? told : (event) => (watch.event(event), told(event)), redact);
  if (options.provision !== "off") {
    const { provision } = await provisioning();
    await provision(plan, runtime, new AbortController().signal);
  }
  const connections = await outside(() => Connections.open(plan, runtime, observe, watch, options.lazily));
  const piped = Object.values(plan.channels).some(({ content }) => content !== undefined);
  const pipelines = piped
    ? await openPipelines(plan, runtime).catch(async (error: unknown) => {
        await connections.close();
        throw error;
      })
    : undefined;
  const gated = Object.values(plan.channels).some(({ groups }) =>
    Object.values(groups).some(({ breaker, rate }) => breaker !== undefined || rate !== undefined),
  );
  const gateOf = gated ? (await import("../consume/group/gate.ts")).gateOf : undefined;
  return new MessagingCore({
    plan,
    channels,
    connections,
    pipelines,
    gateOf,
    runtime,
    observe,
    observed,
    redact,
    watch,
  });
}

async function openPipelines(plan: Plan, runtime: Runtime): Promise<Pipelines> {
  const { Pipelines } = await import("./pipelines.ts");
  return outside(() => Pipelines.open(plan, runtime));
}

/** Loaded only where there is telemetry. */
async function openTelemetry(
  telemetry: Telemetry,
  plan: Plan,
  runtime: Runtime,
  core: () => MessagingCore | undefined,
): Promise<Watch> {
  if (typeof telemetry !== "object" || telemetry === null || typeof telemetry.open !== "function")
    throw new MessagingError(
      "bad-option",
      "connect({ telemetry }): pass otel() of @switchyard/otel, or an object with open()",
      {
        kind: "config",
      },
    );
  const { watchOver } = await import("./telemetry.ts");
  return watchOver(telemetry, plan, runtime, core);
}
