/** Every check that `connect()`, `start()` or the broker would fail on, and what to do. */
import {
  type AnyChannel,
  type Explanation,
  isMessagingError,
  plan,
  type PlanOptions,
  resources,
  systemRuntime,
} from "@switchyard/core";
import { differences } from "./differences.ts";
import { failure, type Finding } from "./finding.ts";
import { holds, retentions } from "./settings.ts";
import { type Sweep, tails } from "./tails.ts";
import { tracing } from "./tracing.ts";

/** What the examination needs of a service. */
export interface Examined {
  readonly options: PlanOptions;
  /** The folder of the project's package.json. Absent: what it depends on is not looked at. */
  readonly root?: string | undefined;
  /** The longest that a handler runs, in milliseconds. Absent: not known. */
  readonly handlerMs?: number | undefined;
  /** Remove what killed tails left and what has expired. Default false. */
  readonly sweep?: boolean;
  explain(): Promise<Explanation>;
  connected<T>(run: (messaging: Asked) => Promise<T>): Promise<T>;
}

interface Asked {
  depth(channel: AnyChannel, group?: string): Promise<unknown>;
  deadLetters(channel: AnyChannel, group: string): { count(): Promise<{ readonly ready?: number }> };
  sweepTails: Sweep;
  health(): { readonly connections: Readonly<Record<string, { readonly state: string }>> };
}

/** Examines a service. Receives no message, and changes nothing but what `sweep` asks for. */
export async function examine(of: Examined): Promise<readonly Finding[]> {
  let explanation: Explanation;
  try {
    explanation = await of.explain();
  } catch (error) {
    return [failure("configuration", error)];
  }
  const names = Object.keys(explanation.channels);
  const found: Finding[] = [
    {
      check: "configuration",
      status: "ok",
      text: `${names.length} channels, profile ${explanation.profile ?? "none"}`,
    },
  ];
  found.push(...holds(explanation, of.handlerMs), ...retentions(await resources(of.options)));
  if (of.root !== undefined) found.push(...tracing(of.root));
  found.push(...(await topology(of.options, explanation)));
  try {
    found.push(
      ...(await of.connected(async (messaging) => [
        ...(await brokers(messaging, explanation, of.options.channels)),
        ...(await tails(
          (channel, options) => messaging.sweepTails(channel, options),
          explanation,
          of.options.channels,
          of.sweep === true,
          systemRuntime.now(),
        )),
      ])),
    );
  } catch (error) {
    found.push(failure("connection", error));
  }
  return found;
}

async function topology(options: PlanOptions, { connections }: Explanation): Promise<readonly Finding[]> {
  try {
    return differences((await plan(options)).changes, connections);
  } catch (error) {
    return [failure("topology", error)];
  }
}

async function brokers(
  messaging: Asked,
  { channels: explained, connections }: Explanation,
  channels: readonly AnyChannel[],
): Promise<readonly Finding[]> {
  /** Whether the service makes what is missing there at its start. */
  const comes = (name: string, error: unknown): boolean =>
    isMessagingError(error) &&
    error.code.endsWith("-not-found") &&
    connections[explained[name]!.connection]!.provision === "auto";
  const groups = Object.entries(explained).flatMap(([name, { groups: its }]) =>
    Object.entries(its).map(([group, { deadLetter }]) => ({
      ...{ name, group, deadLetter },
      channel: channels.find((channel) => channel.name === name)!,
    })),
  );
  const found = await Promise.all(
    groups.map(async ({ name, group, deadLetter, channel }): Promise<readonly Finding[]> => {
      const its: Finding[] = [];
      try {
        await messaging.depth(channel, group);
        its.push({ check: "rights", status: "ok", text: `${name}/${group} can be asked for its backlog` });
      } catch (error) {
        // One that does not answer would be waited for once more.
        if (isMessagingError(error) && error.kind === "retryable") return [failure("connection", error)];
        if (comes(name, error)) return [];
        if (!isMessagingError(error, "depth-unsupported")) its.push(failure("rights", error));
      }
      if (deadLetter === null) return its;
      try {
        const { ready = 0 } = await messaging.deadLetters(channel, group).count();
        const text = `${name}/${group} has ${ready} dead letters`;
        its.push(
          ready === 0
            ? { check: "dead letters", status: "ok", text }
            : {
                check: "dead letters",
                status: "warning",
                text: `${text}; see why: switchyard dead group ${name} ${group}`,
              },
        );
      } catch (error) {
        if (!comes(name, error)) its.push(failure("dead letters", error));
      }
      return its;
    }),
  );
  const down = Object.entries(messaging.health().connections).filter(([, { state }]) => state !== "up");
  return [
    ...found.flat(),
    ...down.map(
      ([name, { state }]): Finding => ({ check: "health", status: "warning", text: `"${name}" is ${state}` }),
    ),
  ];
}
