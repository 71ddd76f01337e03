import type { Broker } from "./broker/broker.ts";
import { depthOf } from "./depth.ts";
import type { InjectedFaults } from "./broker/injected-faults.ts";
import type { Log } from "./broker/log.ts";
import type { ResolvedOptions } from "./options.ts";
import { brokerNamed, brokerOf } from "./broker/registry.ts";

/** What a test can do to a broker that no client can. Names are physical names. */
export interface Control {
  readonly faults: InjectedFaults;
  /** How many messages of a queue, or of a group of a stream, wait or are held. */
  backlog(name: string, group?: string): number;
  /** The open partitions of a stream, in order of their keys. */
  partitions(stream: string): readonly string[];
  /** Replaces a partition by two. */
  split(stream: string, partition: string): void;
  /** Replaces two neighbouring partitions by one. */
  merge(stream: string, first: string, second: string): void;
  /** Replaces all partitions by `count` even ones. */
  reshard(stream: string, count: number): void;
  /** Takes a partition's lease from its holder, as a worker does that believes the holder dead. */
  revoke(stream: string, group: string, partition: string): Promise<void>;
}

export function controlFor(broker: Broker): Control {
  const log = (stream: string): Log => {
    const found = broker.logs.get(stream);
    if (found !== undefined) return found;
    throw new RangeError(`no stream "${stream}"; there are: ${[...broker.logs.keys()].join(", ") || "none"}`);
  };
  return {
    faults: broker.faults,
    backlog: (name, group) => {
      const queue = broker.queues.get(name);
      if (queue === undefined)
        return depthOf(log(name), group, broker.clock).reduce((sum, { ready = 0, held = 0 }) => sum + ready + held, 0);
      queue.look();
      return queue.ready + queue.delayed + queue.held;
    },
    partitions: (stream) => log(stream).open.map(({ id }) => id),
    split: (stream, partition) => log(stream).split(partition),
    merge: (stream, first, second) => log(stream).merge(first, second),
    reshard: (stream, count) => log(stream).reshard(count),
    revoke: async (stream, group, partition) => log(stream).groups.get(group)?.revoke(partition),
  };
}

/** The broker behind a connection's validated options. */
export function controlOf(options: ResolvedOptions): Control | undefined {
  const broker = brokerOf(options);
  return broker && controlFor(broker);
}

/** The broker of that name (`{ use: memory, broker: name }`), once someone has connected to it. */
export function control(name: string): Control | undefined {
  const broker = brokerNamed(name);
  return broker && controlFor(broker);
}
