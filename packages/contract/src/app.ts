import { batchConsumer, channel, connect, consumer } from "@switchyard/core";
import type { Adapter, Runtime } from "@switchyard/core/driver";
import { type Item, item } from "./schema.ts";

/** The suite's channels are untyped, because cases also try what the types forbid. */
export type SuiteChannel = any;

export interface SuiteChannelOptions {
  readonly name?: string;
  readonly needs?: Record<string, unknown>;
  readonly foreign?: unknown;
  readonly ordered?: boolean;
  readonly messages?: Record<string, unknown>;
  readonly codec?: unknown;
}

export interface AppOptions {
  readonly channels: readonly SuiteChannel[];
  /** The groups of every channel, by name, with their options. Default `{ main: {} }`. */
  readonly groups?: Record<string, Record<string, unknown>>;
  readonly retry?: Record<string, unknown>;
  readonly deadLetter?: unknown;
  readonly publish?: Record<string, unknown>;
  /** More settings for every channel's configuration. */
  readonly channelConfig?: Record<string, unknown>;
  /** More settings for the configuration of single channels, by name. */
  readonly byChannel?: Record<string, Record<string, unknown>>;
  /** More policies by name. */
  readonly policies?: Record<string, Record<string, unknown>>;
  readonly drain?: string;
  readonly provision?: "auto" | "verify" | "off";
  readonly service?: string;
  /** Whether `events` also has an event for each message handled. Default false. */
  readonly observeHandled?: boolean;
  readonly redact?: (text: string) => string;
  readonly adapter?: Adapter;
  /** Default: that of the case. */
  readonly runtime?: Runtime;
  /** Entries of `keys` by name. */
  readonly keys?: Record<string, Record<string, unknown>>;
  /** Connection options that override the harness's. */
  readonly connection?: Record<string, unknown>;
}

export interface StopReport {
  readonly completed: number;
  readonly drained: number;
  readonly released: number;
  readonly abandoned: number;
}

type Handle = (data: any, delivery: any) => unknown;

export class App {
  readonly messaging: any;
  readonly events: readonly any[];
  constructor(messaging: unknown, events: readonly unknown[]) {
    this.messaging = messaging;
    this.events = events;
  }

  publish(
    to: SuiteChannel,
    data: Item | unknown,
    options?: Record<string, unknown>,
  ): Promise<{ id: string; position?: string }> {
    return this.messaging.publish(to, "item", data, options);
  }

  publishMany(
    to: SuiteChannel,
    items: readonly unknown[],
    options: Record<string, unknown> = {},
  ): Promise<readonly any[]> {
    return this.messaging.publishMany(
      to,
      items.map((data) => ({ type: "item", data, ...options })),
    );
  }

  /** Publishes all items and returns their ids. Throws the first error, which fails the case. */
  async publishAll(to: SuiteChannel, items: readonly unknown[]): Promise<string[]> {
    const results = await this.publishMany(to, items);
    for (const result of results) if (!result.ok) throw result.error;
    return results.map((result) => result.id);
  }

  async consume(from: SuiteChannel, group: string, handle: Handle, options?: Record<string, unknown>): Promise<void> {
    this.messaging.consume(consumer(from, group, { "*": handle } as never, options as never));
    await this.messaging.start();
  }

  async consumeBatches(
    from: SuiteChannel,
    group: string,
    handle: (batch: any) => unknown,
    options?: Record<string, unknown>,
  ): Promise<void> {
    this.messaging.consume(batchConsumer(from, group, handle as never, options as never));
    await this.messaging.start();
  }

  stop(options?: { readonly deadline?: number | string }): Promise<StopReport> {
    return this.messaging.stop(options);
  }

  eventsOf(type: string): any[] {
    return this.events.filter((event) => event.type === type);
  }
}

export function makeChannel(name: string, ordered: boolean, options: SuiteChannelOptions): SuiteChannel {
  return channel(
    name as never,
    {
      messages: options.messages ?? { item },
      ...(ordered ? { orderingKey: ({ data }: { data: any }) => data.k } : {}),
      ...(options.needs === undefined ? {} : { needs: options.needs }),
      ...(options.foreign === undefined ? {} : { foreign: options.foreign }),
      ...(options.codec === undefined ? {} : { codec: options.codec }),
    } as never,
  );
}

export interface ConnectInput extends AppOptions {
  readonly prefix: string;
  readonly model: string;
  /** Settings under `native` of every channel. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly runsOn?: string;
  readonly connect?: (options: any) => Promise<unknown>;
  readonly runtime: Runtime;
  readonly holdMs: number;
  readonly under: Record<string, unknown>;
  observed(event: unknown): void;
}

/** Calls `connect()` with the configuration that the case asks for. */
export async function connectApp(input: ConnectInput): Promise<any> {
  const groups: Record<string, unknown> = {};
  for (const [name, options] of Object.entries(input.groups ?? { main: {} })) {
    const runs = input.runsOn === undefined ? {} : { runsOn: input.runsOn };
    groups[name] = { hold: `${input.holdMs}ms`, ...runs, ...options };
  }
  const channels: Record<string, unknown> = {};
  for (const each of input.channels) {
    channels[each.name] = {
      model: input.model,
      on: "under-test",
      groups,
      ...(input.publish === undefined ? {} : { publish: input.publish }),
      ...(input.settings === undefined ? {} : { native: input.settings }),
      ...input.channelConfig,
      ...input.byChannel?.[each.name],
    };
  }
  return (input.connect ?? connect)({
    channels: input.channels,
    service: input.service ?? "suite",
    runtime: input.runtime,
    observe: input.observed,
    observeHandled: input.observeHandled === true,
    ...(input.redact === undefined ? {} : { redact: input.redact }),
    config: {
      prefix: input.prefix,
      drain: input.drain ?? "5s",
      connections: {
        "under-test": { use: input.adapter, provision: input.provision ?? "auto", ...input.under, ...input.connection },
      },
      channels,
      ...(input.keys === undefined ? {} : { keys: input.keys }),
      policies: {
        default: {
          retry: { attempts: 3, backoff: "constant", first: "100ms", ...input.retry },
          deadLetter: input.deadLetter ?? true,
        },
        ...input.policies,
      },
    },
  } as never);
}
