import type { AnyChannel } from "../api/channel.ts";
import { redacting } from "../consume/attempt/describe-error.ts";
import { MessagingError } from "../api/errors.ts";
import type { Runtime } from "../driver/runtime.ts";
import type { Plan } from "../plan/plan.ts";
import type { Pipelines } from "./pipelines.ts";
import type { ConnectOptions, Messaging } from "../api/messaging.ts";
import type { Telemetry } from "../api/telemetry.ts";
import type { Watch } from "../wire/probe.ts";
import type { MessagingCore } from "./messaging.ts";
import { toConsole, withoutSecrets } from "./observe.ts";
import { guarded } from "../base/guarded.ts";
import { type ChannelShape, isMade } from "../api/shapes.ts";
import { outside } from "../runtime/async-context.ts";
import { systemRuntime } from "../runtime/system-runtime.ts";

/**
 * Reads the configuration, checks it against what the channels need and the adapters support, loads the adapters it names and opens
 * their connections. Nothing is consumed before `start()`.
 *
 * @throws MessagingError `invalid-config` lists every mistake with its path in the file, and for an adapter that is not installed the
 * package to install. `topology-differs` if `provision: verify` finds a difference, or `provision: auto` a destructive change.
 */
export async function connect<const Channels extends readonly AnyChannel[]>(
  options: ConnectOptions<Channels>,
): Promise<Messaging<Channels[number]>> {
  const { channels, service, runtime = systemRuntime } = options;
  refuseBadInput(channels, service);
  refuseBadHooks(options);
  const told = guarded("observe", options.observe ?? toConsole(redacting(undefined, options.redact)));
  // Loaded here, so that a module that only declares channels and consumers loads neither YAML nor zod nor the engine.
  const [{ resolvePlan }, { provision }, { Connections, MessagingCore: Core }] = await Promise.all([
    import("../config/index.ts"),
    import("./provision.ts"),
    import("./engine.ts"),
  ]);
  const shapes = channels as unknown as readonly ChannelShape[];
  const plan = await resolvePlan({ ...options, channels: shapes, service });
  const redact = redacting(plan.redact, options.redact);
  const served: { core?: MessagingCore } = {};
  const watch =
    options.telemetry === undefined
      ? undefined
      : await openTelemetry(options.telemetry, plan, runtime, () => served.core);
  const observe = withoutSecrets(watch === undefined ? told : (event) => (watch.event(event), told(event)), redact);
  if (options.provision !== "off") await provision(plan, runtime, new AbortController().signal);
  const connections = await outside(() => Connections.open(plan, runtime, observe, watch));
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
  const observed = options.observe !== undefined && options.observeHandled === true;
  served.core = new Core({
    plan,
    channels: shapes,
    connections,
    pipelines,
    gateOf,
    runtime,
    observe,
    observed,
    redact,
    watch,
  });
  return served.core as unknown as Messaging<Channels[number]>;
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

function refuseBadHooks(options: object): void {
  const { provision = "off" } = options as { provision?: unknown };
  if (provision !== "off")
    throw new MessagingError("bad-option", 'connect({ provision }): "off", or leave it out', { kind: "config" });
  for (const name of ["observe", "redact"] as const) {
    const hook: unknown = Reflect.get(options, name);
    if (hook === undefined || typeof hook === "function") continue;
    throw new MessagingError("bad-option", `connect({ ${name} }): pass a function`, { kind: "config" });
  }
}

function refuseBadInput(channels: unknown, service: unknown): void {
  if (!Array.isArray(channels) || channels.some((channel) => !isMade("channel", channel))) {
    throw new MessagingError("bad-option", "connect({ channels }): pass a list of channels made with channel()", {
      kind: "config",
    });
  }
  if (typeof service !== "string" || service === "") {
    throw new MessagingError("bad-option", 'connect({ service }): pass the name of this service, such as "billing"', {
      kind: "config",
    });
  }
}
