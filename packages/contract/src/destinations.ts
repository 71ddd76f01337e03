import type { Destination, Model } from "@switchyard/core/driver";

export interface Layout {
  readonly prefix: string;
  readonly channel: string;
  readonly model: Model;
  readonly ordered: boolean;
  readonly groups: readonly string[];
  readonly holdMs: number;
  readonly partitions?: number;
  readonly nativeAttempts?: number;
  readonly types?: readonly string[];
  /** Settings under `native`. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface Places {
  /** What a publisher sends to. */
  readonly to: Destination;
  readonly groups: Readonly<Record<string, Destination>>;
  readonly all: readonly Destination[];
}

/** The destinations that core would make for a channel. Cases that call the driver directly need them. */
export function places(layout: Layout): Places {
  const { channel, model, ordered, settings = {} } = layout;
  const base = `${layout.prefix}_${channel}`;
  const common = { channel, base, model, ordered, native: settings } as const;
  const partitions = layout.partitions === undefined ? {} : { partitions: layout.partitions };
  const groups: Record<string, Destination> = {};
  for (const group of layout.groups) {
    const name = `${base}_${group}`;
    const deadLetter: Destination = {
      channel,
      base,
      model: "queue",
      // As core does: the dead letters of a stream are an unordered queue.
      ordered: ordered && model !== "stream",
      native: {},
      name: `${name}_dead`,
      dead: true,
      group,
    };
    groups[group] = {
      ...common,
      ...partitions,
      name,
      group,
      deadLetter,
      holdMs: layout.holdMs,
      ...(layout.nativeAttempts === undefined ? {} : { nativeAttempts: layout.nativeAttempts }),
      ...(layout.types === undefined ? {} : { types: layout.types }),
    };
  }
  const only = groups[layout.groups[0]!]!;
  const to: Destination = model === "queue" ? only : { ...common, ...partitions, name: base };
  const all = model === "queue" ? Object.values(groups) : [to, ...Object.values(groups)];
  return { to, groups, all };
}
