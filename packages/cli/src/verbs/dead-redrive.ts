import {
  type DeadLetters,
  type Redriven,
  type RedriveOptions,
  type RedriveProgress,
  systemRuntime,
} from "@switchyard/core";
import { Act, ACT_OPTIONS } from "../act.ts";
import type { Call, Verb } from "../command.ts";
import { instant, milliseconds, rateOf, share, whole } from "../durations.ts";
import { type ExitCode, UsageError } from "../io.ts";
import type { Output } from "../output.ts";
import { progressOf } from "../progress.ts";
import { visible } from "../visible.ts";
import { filterOf, WHERE } from "../where.ts";
import { BOTH_ENDS, headsOf, within } from "./dead-look.ts";

/** The default of `--wait`. */
const WAIT = "2m";
/** The default of `--sample`. */
const SAMPLE = 1_000;

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
    sample: { type: "string", value: "N", about: "of the dry run: look at no more than this many; default 1000" },
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
    const { words } = call;
    const [channel, group] = words;
    const options = optionsOf(call);
    const act = await Act.of(call, "dead redrive", { channel, group });
    const work = act.allowed ? send : count;
    return within(call, (dead) => work(call, dead, options), act, BOTH_ENDS);
  },
};

async function send(call: Call, dead: DeadLetters, options: RedriveOptions): Promise<ExitCode> {
  const { io, out, values } = call;
  const progress = progressOf(call, "sending");
  // What a filter wants is known once all were seen.
  const all = options.filter === undefined && options.ids === undefined && io.stderr.isTTY === true;
  const total = options.max ?? (all ? (await dead.count()).ready : undefined);
  const run = dead.redrive({ ...options, signal: io.signal });
  let phase: RedriveProgress["phase"] | undefined;
  for await (const step of run) {
    if (out.json) out.record("dead redrive", step);
    else if (step.phase !== phase) out.talk(phaseOf(step, options));
    phase = step.phase;
    if (step.phase === "canary") progress.show({ done: step.moved, total: options.canary?.count, what: "canary" });
    else progress.show({ done: step.moved, total, what: step.phase });
  }
  const done = await run.result;
  if (out.json) out.record("dead redrive", { ...done, phase: "ended", dryRun: false });
  else print(out, done, String(values["wait"] ?? WAIT));
  if (done.resume !== undefined) out.talk(`to go on: ${again(call, done)}`);
  if (done.failed > 0 || STOPS.has(done.stopped)) return 1;
  return done.resume === undefined ? 0 : 3;
}

/** A dry run. Reading hides letters, so it says how many and for how long. */
async function count(call: Call, dead: DeadLetters, options: RedriveOptions): Promise<ExitCode> {
  const { io, out, values } = call;
  const { ready } = await dead.count();
  if (options.native === true) {
    if (out.json) out.record("dead redrive", { ready, phase: "ended", dryRun: true });
    else out.line(`${ready ?? "unknown"} are there; SQS would move all of them, whoever wrote them`);
    return 0;
  }
  const sample = values["sample"] === undefined ? SAMPLE : whole(values["sample"], "--sample");
  const began = systemRuntime.monotonic();
  const run = dead.redrive({ ...options, sample, signal: io.signal, dryRun: true });
  const progress = progressOf(call, "looking");
  for await (const step of run) progress.show({ done: step.matched + step.left + step.refused });
  const done = await run.result;
  const hiddenMs = Math.round(systemRuntime.monotonic() - began);
  const { matched, left, others = 0, refused, heads } = done;
  const seen = matched + left + refused;
  if (out.json) {
    out.record("dead redrive", { ...done, seen, ready, hiddenMs, phase: "ended", dryRun: true });
    return 0;
  }
  out.line(`${matched} of ${seen} match and would be sent; ${refused} refused (redriven too often)`);
  if (others > 0) out.line(`${others} left: of another channel or group, or without our fields; --id names those`);
  if (ready !== undefined && ready > seen)
    out.line(
      `${ready} are there; by this sample about ${Math.round((ready * matched) / Math.max(seen, 1))} match (--sample N looks at more)`,
    );
  if (heads !== undefined) out.line(`${headsOf(heads)}; to take one whole: --where key=KEY --whole-key`);
  out.talk(`looking hid ${seen} from other readers, for ${secondsOf(hiddenMs)}`);
  return 0;
}

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

function print(out: Output, done: Redriven, wait: string): void {
  const { matched, moved, died, left, failed, refused, canary, stopped, heads, errors = [] } = done;
  // With those that match and were not sent, because the run ended before.
  const stay = left + Math.max(0, matched - moved - failed);
  if (canary !== undefined) {
    const { sent, settled, returned, unknown, ms } = canary;
    out.line(
      `canary ${settled}/${sent} settled (${secondsOf(ms)}; not back within ${wait}), ${returned} returned, ${unknown} unknown`,
    );
  }
  out.line(
    // A run that ended early has not seen all.
    `${moved} moved, ${died} died again, ${failed} failed, ${refused} refused (redriven too often), ${stay} ${stopped === undefined ? "" : "seen and "}left`,
  );
  if (stopped !== undefined) out.line(`ended early: ${WHY[stopped] ?? stopped}`);
  if (heads !== undefined) out.line(`${headsOf(heads)}; to take one whole: --where key=KEY --whole-key`);
  for (const { code, message } of errors) out.line(visible(`${code}: ${message}`));
}

const secondsOf = (ms: number): string => (ms < 1_000 ? "less than 1s" : `${Math.round(ms / 1_000)}s`);

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
