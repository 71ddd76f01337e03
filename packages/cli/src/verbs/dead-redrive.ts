import type { Redriven, RedriveOptions, RedriveProgress } from "@switchyard/core";
import { formatDuration } from "@switchyard/core/driver-kit";
import { Act, ACT_OPTIONS } from "../act.ts";
import type { Call, Verb } from "../command.ts";
import { instant, milliseconds, rateOf, share, whole } from "../durations.ts";
import { UsageError } from "../io.ts";
import type { Output } from "../output.ts";
import { visible } from "../visible.ts";
import { filterOf, WHERE } from "../where.ts";
import { headsOf, within } from "./dead-look.ts";

/** The default of `--wait`. */
const WAIT = "2m";

export const redrive: Verb = {
  takes: "CHANNEL GROUP [--where FILTER]",
  words: [2, 2],
  options: {
    where: WHERE,
    id: { type: "string", multiple: true, value: "ID", about: "only this one; may be given several times" },
    "whole-key": {
      type: "boolean",
      about: "with each of these all letters of its ordering key, in order",
    },
    max: { type: "string", value: "N", about: "send no more than this many" },
    rate: { type: "string", value: "N/s", about: "send at most so many by time" },
    ramp: { type: "string", value: "TIME", about: "let --rate grow for so long, from a tenth of it to all of it" },
    canary: {
      type: "string",
      value: "N",
      about: "send this many first, with one attempt each, and go on if none comes back",
    },
    wait: { type: "string", value: "TIME", about: `how long to wait for the canary; default ${WAIT}` },
    "stop-at": {
      type: "string",
      value: "SHARE",
      about: "stop when this share of those sent has died again, such as 5%",
    },
    "max-redrives": { type: "string", value: "N", about: "leave letters that were redriven so often; default 3" },
    hide: {
      type: "string",
      value: "TIME",
      about:
        "the longest that letters are hidden before they are sent; those of a killed run come back then; default 5m",
    },
    native: { type: "boolean", about: "let SQS move everything by itself: fast, and without looking at it" },
    before: {
      type: "string",
      value: "TIME",
      about: "only letters whose last failure is earlier; a run that goes on has it",
    },
    ...ACT_OPTIONS,
  },
  about:
    "Sends dead letters back to the group that failed them, and to no other group. Without --yes it only counts. Ctrl-C ends it after the letters under way, and says how to go on.",
  example:
    "switchyard dead redrive orders billing --where 'code=bank-down' --canary 3 --rate 50/s --stop-at 5% --profile prod --yes",
  run: async (call) => {
    const { io, out, words } = call;
    const [channel, group] = words;
    const options = optionsOf(call);
    const act = await Act.of(call, "dead redrive", { channel, group });
    return within(
      call,
      async (dead) => {
        const run = dead.redrive({ ...options, signal: io.signal, ...(act.allowed ? {} : { dryRun: true }) });
        let phase: RedriveProgress["phase"] | undefined;
        for await (const progress of run) {
          if (out.json) out.record("dead redrive", progress);
          else if (act.allowed && progress.phase !== phase) out.talk(phaseOf(progress, options));
          phase = progress.phase;
        }
        const done = await run.result;
        if (out.json) out.record("dead redrive", { ...done, phase: "ended", dryRun: !act.allowed });
        else print(out, done, act.allowed, String(call.values["wait"] ?? WAIT));
        if (!act.allowed) return 0;
        if (done.resume !== undefined) out.talk(`to go on: ${again(call, done)}`);
        if (done.failed > 0 || STOPS.has(done.stopped)) return 1;
        return done.resume === undefined ? 0 : 3;
      },
      act.allowed ? act : undefined,
    );
  },
};

function optionsOf({ values }: Call): RedriveOptions {
  const ids = values["id"] as readonly string[] | undefined;
  const filter = filterOf(values["where"]);
  if (values["wait"] !== undefined && values["canary"] === undefined)
    throw new UsageError("--wait is the canary's: give --canary N");
  if (values["ramp"] !== undefined && values["rate"] === undefined)
    throw new UsageError("--ramp goes from a tenth of --rate to all of it: give --rate N/s");
  return {
    ...(Object.keys(filter).length === 0 ? {} : { filter }),
    ...(ids === undefined ? {} : { ids }),
    ...(values["whole-key"] === true ? { wholeKey: true } : {}),
    ...(values["max"] === undefined ? {} : { max: whole(values["max"], "--max") }),
    ...(values["rate"] === undefined ? {} : { rate: rateOf(values["rate"], "--rate") }),
    ...(values["ramp"] === undefined ? {} : { ramp: milliseconds(values["ramp"], "--ramp") }),
    ...(values["canary"] === undefined
      ? {}
      : {
          canary: { count: whole(values["canary"], "--canary"), wait: milliseconds(values["wait"] ?? WAIT, "--wait") },
        }),
    ...(values["stop-at"] === undefined ? {} : { stopAt: share(values["stop-at"], "--stop-at") }),
    ...(values["max-redrives"] === undefined ? {} : { maxRedrives: whole(values["max-redrives"], "--max-redrives") }),
    ...(values["hide"] === undefined ? {} : { hide: milliseconds(values["hide"], "--hide") }),
    ...(values["native"] === true ? { native: true } : {}),
    ...(values["before"] === undefined ? {} : { before: timeOf(values["before"]) }),
  };
}

function timeOf(value: unknown): number {
  const time = instant(value);
  if (time === undefined) throw new UsageError("--before takes a time with its zone, such as 2026-11-29T10:00:00Z");
  return time;
}

function phaseOf({ phase, moved }: RedriveProgress, { canary }: RedriveOptions): string {
  if (phase === "canary") return `canary: sending ${canary?.count ?? 0}`;
  if (phase === "waiting") return `canary: ${moved} sent; waiting for those that come back`;
  if (phase === "moving") return `the broker moves them; about ${moved} so far`;
  return phase === "sending" ? `sending; ${moved} moved so far` : `${moved} moved`;
}

function print(out: Output, done: Redriven, acted: boolean, wait: string): void {
  const { matched, moved, died, left, failed, refused, canary, stopped, heads, errors = [] } = done;
  if (canary !== undefined) {
    const { sent, settled, returned, unknown, ms } = canary;
    out.line(
      `canary ${settled}/${sent} settled (${formatDuration(roundedMs(ms))}; not back within ${wait}), ${returned} returned, ${unknown} unknown`,
    );
  }
  out.line(
    acted
      ? `${moved} moved, ${died} died again, ${failed} failed, ${refused} refused (redriven too often), ${left} left`
      : `${matched} match and would be sent; ${refused} refused (redriven too often); ${left} left`,
  );
  if (stopped !== undefined) out.line(`ended early: ${WHY[stopped] ?? stopped}`);
  if (heads !== undefined) out.line(`${headsOf(heads)}; --whole-key takes a key whole`);
  for (const { code, message } of errors) out.line(visible(`${code}: ${message}`));
}

const roundedMs = (ms: number): number => (ms < 1_000 ? ms : Math.round(ms / 1_000) * 1_000);

/** What ends a run badly. */
const STOPS: ReadonlySet<Redriven["stopped"]> = new Set(["error", "share", "canary"] as const);

const WHY: Readonly<Record<string, string>> = {
  max: "--max was reached",
  share: "too many died again (--stop-at, or the canary)",
  canary: "not all of the canary has settled, so no more was sent",
  error: "a letter cannot be sent now",
  more: "the broker gave no more for now; other readers may hide some",
  signal: "it was told to stop",
};

/** The command line that goes on where this run ended. */
function again({ values, words }: Call, { resume }: Redriven): string {
  const options = Object.entries(values).flatMap(([name, value]) => {
    if (name === "before" || value === undefined || value === false) return [];
    return [value].flat().map((each) => (each === true ? `--${name}` : `--${name} ${quoted(String(each))}`));
  });
  const before = resume?.before === undefined ? [] : [`--before ${new Date(resume.before).toISOString()}`];
  return ["switchyard dead redrive", ...words.map(quoted), ...options, ...before].join(" ");
}

const quoted = (word: string): string => (/^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
