import { type GroupDepth, isMessagingError, systemRuntime } from "@switchyard/core";
import { milliseconds } from "../durations.ts";
import type { Verb } from "../command.ts";
import type { Project } from "../project.ts";
import { visible } from "../visible.ts";

interface Row {
  readonly channel: string;
  readonly group: string;
  readonly ready?: number;
  readonly delayed?: number;
  readonly held?: number;
  readonly oldestMs?: number;
  /** Why nothing is known. */
  readonly error?: string;
}

/** What is known, and in sentences why the rest is not. */
interface Look {
  readonly rows: readonly Row[];
  readonly why: ReadonlySet<string>;
}

export const lag: Verb = {
  takes: "[CHANNEL [GROUP]] [--every 2s]",
  words: [0, 2],
  options: {
    every: { type: "string", value: "TIME", about: "ask again and again; on a terminal the table stays in place" },
  },
  about:
    "Asks the brokers how many messages wait. A number that a broker does not give is absent. Each look is one call for each group; SQS bills it.",
  example: "switchyard lag orders --every 2s",
  async run({ io, out, values, words: [channel, group], project: found }) {
    const project = await found();
    if (channel !== undefined) await (group === undefined ? project.channel(channel) : project.group(channel, group));
    const every = values["every"] === undefined ? undefined : milliseconds(values["every"], "--every");
    return project.connected(
      async (messaging) => {
        let before: { readonly rows: readonly Row[]; readonly at: number } | undefined;
        for (;;) {
          const { rows, why } = await look(project, messaging, channel, group);
          const at = systemRuntime.monotonic();
          if (out.json) {
            if (every === undefined) out.document("lag", { groups: rows });
            else for (const row of rows) out.record("lag", { ...row, at: new Date(systemRuntime.now()).toISOString() });
          } else {
            if (every !== undefined && out.live) out.clear();
            const rates = every !== undefined;
            out.table([
              ["channel", "group", "ready", ...(rates ? ["a second"] : []), "delayed", "held", "oldest"],
              ...rows.map((row, nth) => [
                ...[row.channel, row.group, row.error ?? row.ready],
                ...(rates ? [rateOf(row, before?.rows[nth], at - (before?.at ?? at))] : []),
                ...[
                  row.delayed,
                  row.held,
                  row.oldestMs === undefined ? undefined : `${Math.round(row.oldestMs / 1_000)}s`,
                ],
              ]),
            ]);
          }
          if (every === undefined) {
            for (const text of why) out.talk(visible(text));
            return why.size > 0 ? 1 : 0;
          }
          if (io.signal.aborted) return 0;
          before = { rows, at };
          await systemRuntime.sleep(every, io.signal).catch(() => undefined);
          if (io.signal.aborted) return 0;
        }
      },
      channel === undefined ? undefined : [channel],
    );
  },
};

type Asked = Parameters<Parameters<Project["connected"]>[0]>[0];

async function look(project: Project, messaging: Asked, only?: string, group?: string): Promise<Look> {
  const why = new Set<string>();
  const names = only === undefined ? Object.keys((await project.explain()).channels) : [only];
  const found = await Promise.all(
    names.map(async (name): Promise<readonly Row[]> => {
      const groups = Object.keys((await project.explain()).channels[name]!.groups);
      try {
        const depths = await messaging.depth(await project.channel(name), group);
        return depths.map((depth) => ({ channel: name, ...numbersOf(depth) }));
      } catch (error) {
        // One group that cannot be asked does not hide the others.
        const code = isMessagingError(error) ? error.code : String(error);
        why.add(isMessagingError(error) ? `${code}: ${error.message}` : code);
        return (group === undefined ? groups : [group]).map((each) => ({ channel: name, group: each, error: code }));
      }
    }),
  );
  return { rows: found.flat(), why };
}

const numbersOf = ({ leases: _, ...numbers }: GroupDepth): Omit<Row, "channel"> => numbers;

function rateOf({ ready }: Row, before: Row | undefined, ms: number): string | undefined {
  if (ready === undefined || before?.ready === undefined || ms <= 0) return undefined;
  const rate = ((ready - before.ready) * 1_000) / ms;
  return `${rate > 0 ? "+" : ""}${rate.toFixed(1)}`;
}
