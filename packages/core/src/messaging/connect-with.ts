import type { AnyChannel } from "../api/channel.ts";
import { redacting } from "../consume/attempt/describe-error.ts";
import { MessagingError } from "../api/errors.ts";
import type { ConnectOptions, Messaging } from "../api/messaging.ts";
import type { Lazily } from "./connections.ts";
import { toConsole } from "./observe.ts";
import { guarded } from "../base/guarded.ts";
import { type ChannelShape, isMade } from "../api/shapes.ts";
import { systemRuntime } from "../runtime/system-runtime.ts";

/** `connect()`, whose connections may be opened when they are first needed. */
export async function connectWith<const Channels extends readonly AnyChannel[]>(
  options: ConnectOptions<Channels>,
  lazily?: Lazily,
): Promise<Messaging<Channels[number]>> {
  const { channels, service, runtime = systemRuntime } = options;
  refuseBadInput(channels, service);
  refuseBadHooks(options);
  const told = guarded("observe", options.observe ?? toConsole(redacting(undefined, options.redact)));
  // Loaded here, so that a module that only declares channels and consumers loads neither YAML nor zod nor the engine.
  const [{ resolvePlan }, { connectPlan }] = await Promise.all([
    import("../config/index.ts"),
    import("./connect-plan.ts"),
  ]);
  const shapes = channels as unknown as readonly ChannelShape[];
  const plan = await resolvePlan({ ...options, channels: shapes, service });
  const observed = options.observe !== undefined && options.observeHandled === true;
  const connected = await connectPlan(plan, { ...options, channels: shapes, runtime, told, observed, lazily });
  return connected as unknown as Messaging<Channels[number]>;
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
