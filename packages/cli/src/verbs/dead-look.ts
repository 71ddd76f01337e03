/** The verbs that look at dead letters. Looking is receiving: what is looked at is hidden from other readers for a while. */
import {
  type AnyChannel,
  type ChannelPart,
  type DeadLetterItem,
  type DeadLetters,
  type ScanResult,
  systemRuntime,
} from "@switchyard/core";
import type { Act } from "../act.ts";
import type { Call, OptionSpec, Verb } from "../command.ts";
import { milliseconds, whole } from "../durations.ts";
import { type ExitCode, UsageError } from "../io.ts";
import type { Cell, Output } from "../output.ts";
import { progressOf } from "../progress.ts";
import { visible } from "../visible.ts";
import { filterOf, WHERE } from "../where.ts";

const LOOK: Readonly<Record<string, OptionSpec>> = {
  where: WHERE,
  sample: { type: "string", value: "N", about: "look at no more than this many; default 1000" },
  hide: { type: "string", value: "TIME", about: "the longest that letters are hidden from other readers; default 30s" },
};
const BODY: OptionSpec = { type: "boolean", about: "also the data, which may be private; it is written to the audit" };
export const AUDIT: OptionSpec = {
  type: "string",
  value: "FILE",
  about: "append who looked at bodies to this file; default: to stderr",
};

export const count: Verb = {
  takes: "CHANNEL GROUP",
  words: [2, 2],
  options: {},
  about: "Asks the broker how many dead letters there are. Receives none.",
  example: "switchyard dead count orders billing",
  run: (call) =>
    within(call, async (dead) => {
      const counted = await dead.count();
      if (call.out.json) call.out.document("dead count", counted);
      else {
        const { ready, hidden, exact } = counted;
        call.out.line(`${ready ?? "unknown"} ready, ${hidden ?? "unknown"} hidden${exact ? "" : ", about"}`);
      }
      return 0;
    }),
};

export const list: Verb = {
  takes: "CHANNEL GROUP [--where FILTER]",
  words: [2, 2],
  options: { ...LOOK, body: BODY, audit: AUDIT },
  about: "Lists dead letters, each with why it failed. Their data is shown only with --body.",
  example: "switchyard dead list orders billing --where 'code=attempts-exhausted age>1h'",
  run: (call) =>
    within(call, async (dead) => {
      const { out, io, values } = call;
      await auditBodies(call);
      const scan = dead.scan({ ...filterOf(values["where"]), ...looking(call) });
      const rows: Cell[][] = [["id", "type", "key", "code", "attempts", "redrives", "age", "reason"]];
      const progress = out.json ? undefined : progressOf(call, "looking");
      for await (const item of scan) {
        if (out.json) out.record("dead list", shown(item, values["body"] === true));
        else progress?.show({ done: rows.push(rowOf(item)) - 1 });
        if (io.signal.aborted) break;
      }
      if (!out.json && rows.length > 1) out.table(rows);
      tell(out, await scan.result, call);
      return 0;
    }),
};

export const show: Verb = {
  takes: "CHANNEL GROUP ID",
  words: [3, 3],
  options: {
    hide: LOOK["hide"]!,
    sample: { ...LOOK["sample"]!, about: "look at no more than this many; default 10000" },
    body: BODY,
    audit: AUDIT,
  },
  about: "Shows one dead letter. It is looked for among all of them, which are hidden meanwhile.",
  example: "switchyard dead show orders billing 0190b2f0-7a4e-7cc3-b9b5-2f2f7b1d3c11 --body",
  run: (call) =>
    within(call, async (dead) => {
      const { out, values, words } = call;
      await auditBodies(call);
      const { hide, max } = looking(call);
      const item = await dead.get(words[2]!, {
        ...(hide === undefined ? {} : { hide }),
        ...(max === undefined ? {} : { max }),
      });
      if (item === undefined) {
        out.talk(visible(`no dead letter ${words[2]!} was found; another reader may hide it for now`));
        return 1;
      }
      const of = shown(item, values["body"] === true);
      if (out.json) out.document("dead show", of);
      else for (const [name, value] of Object.entries(of)) out.line(visible(`${name}: ${text(value)}`));
      return 0;
    }),
};

const BY = { type: "type", key: "key", code: "code", class: "errorClass" } as const;

export const group: Verb = {
  takes: "CHANNEL GROUP --by code[,type,class,key]",
  words: [2, 2],
  options: {
    by: { type: "string", value: "FIELDS", about: "what to count by: code, type, class, key; default: code,class" },
    ...LOOK,
    sample: { ...LOOK["sample"]!, about: "look at no more than this many; default 10000" },
  },
  about: "Counts dead letters by cause, the largest first.",
  example: "switchyard dead group orders billing --by code,type",
  run: (call) =>
    within(call, async (dead) => {
      const { out, values } = call;
      const by = String(values["by"] ?? "code,class").split(",");
      const unknown = by.find((name) => !Object.hasOwn(BY, name));
      if (unknown !== undefined) throw new UsageError(`--by takes ${Object.keys(BY).join(", ")}; not "${unknown}"`);
      const fields = by.map((name) => BY[name as keyof typeof BY]);
      const found = await dead.groups({ by: fields, ...filterOf(values["where"]), ...looking(call) });
      if (out.json) out.document("dead group", found);
      else if (found.groups.length > 0)
        out.table([
          ["count", ...by, "newest", "for example", "reason"],
          ...found.groups.map(({ of, count: number, example, lastAt }) => [
            ...[number, ...fields.map((field) => of[field]), ageOf(lastAt), example.id, short(example.reason)],
          ]),
        ]);
      tell(out, found, call);
      return 0;
    }),
};

/**
 * Runs on the dead letters of the group that the first two words name. `act`: what it moves, copies or deletes is audited, and before that the
 * brokers say where these parts of the channel are.
 */
export async function within(
  call: Call,
  run: (dead: DeadLetters) => Promise<ExitCode>,
  act?: Pick<Act, "operator" | "locate">,
  parts: readonly ChannelPart[] = ["deadLetters"],
): Promise<ExitCode> {
  const [channel, name] = call.words as [string, string];
  const project = await call.project();
  const of: AnyChannel = await project.group(channel, name);
  return project.connected(
    async (messaging) => {
      await act?.locate(messaging, of, name, parts);
      return run(messaging.deadLetters(of, name, act?.operator));
    },
    [channel],
  );
}

/** What a letter leaves, and where it goes. */
export const BOTH_ENDS: readonly ChannelPart[] = ["deadLetters", "group"];

function looking({ values }: Call): { max?: number; hide?: number } {
  return {
    ...(values["sample"] === undefined ? {} : { max: whole(values["sample"], "--sample") }),
    ...(values["hide"] === undefined ? {} : { hide: milliseconds(values["hide"], "--hide") }),
  };
}

async function auditBodies(call: Call): Promise<void> {
  if (call.values["body"] !== true) return;
  const { Act } = await import("../act.ts");
  const [channel, name, id] = call.words;
  const act = Act.looking(call, "dead bodies", { channel, group: name, ...(id === undefined ? {} : { id }) });
  await act.begin();
}

/** What a look cost others. */
function tell(out: Output, result: ScanResult, { values }: Call): void {
  const { seen, matched, hidden, complete, why, heads, receives } = result;
  const still = hidden === 0 ? "" : `; ${hidden} were hidden at once, at most ${String(values["hide"] ?? "30s")}`;
  out.talk(
    `${matched} of ${seen} match${complete ? "" : `; not all were seen (${why ?? "more"})`}${still}; ${receives} receives`,
  );
  if (heads !== undefined) out.talk(headsOf(heads));
}

/** SQS moves a message by itself when processes that held it died again and again. */
export const headsOf = (heads: number): string =>
  `of ${heads} key${heads === 1 ? "" : "s"} perhaps only the first letters were seen: SQS moved them here itself, and shows no more of a key while those are hidden`;

const short = (reason: string): string => (reason.length > 100 ? `${reason.slice(0, 99)}…` : reason);

function rowOf(item: DeadLetterItem): Cell[] {
  const { id, type, key, code, attempts, redrives, lastAt, reason } = item;
  return [id, type, key, code, attempts, redrives, ageOf(lastAt), short(reason)];
}

function shown({ raw: _, data, headers, ...item }: DeadLetterItem, body: boolean): Record<string, unknown> {
  return body
    ? { ...item, headers, data: data instanceof Uint8Array ? { base64: Buffer.from(data).toString("base64") } : data }
    : item;
}

const text = (value: unknown): string =>
  value instanceof Date ? value.toISOString() : typeof value === "string" ? value : JSON.stringify(value);

export function ageOf(at: Date): string {
  const seconds = Math.max(0, Math.round((systemRuntime.now() - at.getTime()) / 1_000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)}h` : `${Math.round(seconds / 86_400)}d`;
}
