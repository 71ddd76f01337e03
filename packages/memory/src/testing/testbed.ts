import { performance } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import {
  type AnyChannel,
  type AnyDelivery,
  connect,
  type Duration,
  type Messaging,
  type MessagingEvent,
} from "@switchyard/core";
import { parseDuration } from "@switchyard/core/driver-kit";
import { type VirtualRuntime, virtualRuntime } from "@switchyard/core/testing";
import { type Control, controlFor } from "../control.ts";
import { MemoryFault } from "../errors.ts";
import type { InjectedFaults } from "../broker/injected-faults.ts";
import { brokerNamed, forgetBroker, openBroker } from "../broker/registry.ts";
import { type BrokerMessage, type DeadMessage, Inspection } from "./inspect.ts";
import { LateMessaging } from "./late-messaging.ts";
import { settingsFor, type TestbedOptions } from "./settings.ts";

/** The clock of a testbed. */
export interface BedClock {
  /** Moves time, fires due timers in order, and lets everything settle. */
  advance(by: Duration): Promise<void>;
  now(): Date;
  /** Waits in the testbed's time. For handlers in tests. */
  sleep(ms: Duration): Promise<void>;
}

/** What `testbed()` returns: messaging on memory, and tools to inspect it. */
export interface Testbed<C extends AnyChannel = AnyChannel> extends AsyncDisposable {
  /** The same as from `connect()`. It connects at the first `start()` or `publish()`; consumers added before that need no configuration. */
  readonly messaging: Messaging<C>;
  readonly clock: BedClock;
  /**
   * Resolves when nothing can run until time moves. Does not move time. A handler that waits for the test, or does its own I/O, gets a
   * little real time; for more, use `until`.
   *
   * @throws Error that names what still runs after `patience`. Delays of a busy machine do not count.
   */
  settled(): Promise<void>;
  /** Resolves once `condition()` is true. Does not move time. Rejects after `patience` of real time. */
  until(condition: () => boolean): Promise<void>;
  /** The messages that were accepted, in order. `data` is the schema's input. */
  published(channel: C): readonly BrokerMessage[];
  /** Every call of a handler of the group, in order: the deliveries it was given, as it saw them. */
  delivered(channel: C, group: string): readonly AnyDelivery[];
  dead(channel: C, group: string): readonly DeadMessage[];
  /** The messages that were delivered and are not settled. */
  inFlight(channel: C, group: string): readonly BrokerMessage[];
  readonly faults: InjectedFaults;
  /** Controls partitions and leases. Names are physical, such as `test_orders`. */
  readonly broker: Control;
  /** Operational events: retries, losses, reconnects. */
  readonly events: readonly MessagingEvent[];
  readonly runtime: VirtualRuntime;
}

let beds = 0;

/** Makes a broker, a clock and a connection for one test. It is deterministic and reaches nothing outside the process. */
export async function testbed<const Channels extends readonly AnyChannel[]>(
  options: TestbedOptions<Channels>,
): Promise<Testbed<Channels[number]>> {
  const { seed, start, patience, service = "test" } = options;
  const patienceMs = parseDuration(patience ?? "2s");
  if (patienceMs === undefined) throw new MemoryFault("config", "bad-option", "testbed({ patience }): not a duration");
  const runtime = virtualRuntime({
    patienceMs,
    ...(seed === undefined ? {} : { seed }),
    ...(start === undefined ? {} : { start: Number(start) }),
  });
  const name = `testbed-${++beds}`;
  const broker = openBroker(name, runtime);
  const events: MessagingEvent[] = [];
  const delivered: AnyDelivery[] = [];
  const messaging = new LateMessaging(
    (consumers) =>
      connect({
        channels: options.channels as readonly AnyChannel[],
        service,
        ...settingsFor(options, consumers, name),
        runtime,
        observe: (event) => {
          events.push(event);
          options.observe?.(event);
        },
      }),
    { began: (deliveries) => delivered.push(...deliveries), track: runtime.track },
  );
  const inspection = new Inspection(
    () => brokerNamed(name),
    () => messaging.connected,
  );
  broker.watch = inspection.watch;
  return {
    messaging: messaging as unknown as Messaging<Channels[number]>,
    clock: {
      advance: (by) => runtime.advance(by),
      now: () => new Date(runtime.now()),
      sleep: (ms) => runtime.sleep(parseDuration(ms) ?? 0),
    },
    settled: () => runtime.settle(),
    until: async (condition) => {
      const began = performance.now();
      while (!condition()) {
        if (performance.now() - began > patienceMs)
          throw new Error(`the condition is not true after ${patienceMs} ms of real time`);
        await setImmediate();
      }
    },
    published: (channel) => inspection.published(channel),
    delivered: (channel, group) => delivered.filter((one) => one.channel === channel.name && one.group === group),
    dead: (channel, group) => inspection.dead(channel, group),
    inFlight: (channel, group) => inspection.inFlight(channel, group),
    faults: broker.faults,
    broker: controlFor(broker),
    events,
    runtime,
    [Symbol.asyncDispose]: async () => {
      if (messaging.connected !== undefined) await stopped(messaging.connected, runtime);
      forgetBroker(name);
    },
  };
}

/** Stops at once. If something still waits for time, time moves. */
async function stopped(messaging: Messaging, runtime: VirtualRuntime): Promise<void> {
  let over = false;
  const stop = messaging.stop({ deadline: 0 }).finally(() => {
    over = true;
  });
  await runtime.settle();
  for (let round = 0; round < 20 && !over; round++) await runtime.advance("10s");
  await stop;
}
