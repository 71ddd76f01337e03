import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Messaging, type MessagingEvent } from "@switchyard/core";
import { uploads } from "./channels.ts";
import { tell } from "./events.ts";
import { CONFIG, Fleet } from "./fleet.ts";
import { Ledger } from "./ledger.ts";
import { type Proof, prove } from "./proof.ts";
import type { Exporting } from "./telemetry.ts";
import type { Video } from "./transcode.ts";
import { uploader } from "./uploader.ts";
import { silent, type View } from "./view.ts";
import { watch } from "./watch.ts";

export interface AppOptions {
  /** The only thing that differs between brokers. Default `SWITCHYARD_PROFILE`. */
  readonly profile?: string | undefined;
  readonly videos: readonly Video[];
  /** How many are uploaded each day; a day ends when all are encoded. The last day's come all at once. */
  readonly days: readonly number[];
  /** An empty folder for what the encoders make. */
  readonly folder: string;
  /** An encoder joins for every so many that wait, up to `maxEncoders`. Default 200 and 4. */
  readonly perEncoder?: number;
  readonly maxEncoders?: number;
  /** The encoder that is handed the so-many-th upload dies over it. Default: none does. */
  readonly crashAt?: number;
  /** How often the backlog is looked at, and encoders join or leave. Default 100. */
  readonly lookEveryMs?: number;
  readonly view?: View;
  /** Default: no telemetry. */
  readonly telemetry?: Exporting | undefined;
}

export interface Report extends Proof {
  /** `queue on sqs`. */
  readonly broker: string;
  readonly mostBacklog: number;
  readonly mostEncoders: number;
  /** What the broker still had once all encoders had left; approximate on SQS. */
  readonly leftOver: number;
  readonly seconds: number;
  /** What the broker set aside, and why; the first ten. A video delivered twice is set aside twice. */
  readonly deadLetters: readonly { readonly videoId: string; readonly reason: string; readonly attempts: number }[];
}

const STALLED_AFTER_MS = 60_000;
const EMPTIED_WITHIN_MS = 10_000;

/** Ten videos a day become a thousand. Nothing in here knows which broker carries them. */
export async function app(options: AppOptions): Promise<Report> {
  const {
    profile,
    videos,
    days,
    folder,
    perEncoder = 200,
    maxEncoders = 4,
    lookEveryMs = 100,
    view = silent,
    telemetry,
  } = options;
  const startedAt = performance.now();
  const ledger = new Ledger();
  const observe = (event: MessagingEvent) => {
    const line = tell(event);
    if (line !== undefined) view.note(line);
  };
  const connection = {
    channels: [uploads] as const,
    config: CONFIG,
    observe,
    ...(profile === undefined ? {} : { profile }),
  };

  // The encoders come and go, so the site reports how many uploads wait.
  const siteTelemetry = telemetry && { telemetry: telemetry.of({ backlog: true }) };
  await using site = await connect({ ...connection, service: "site", ...siteTelemetry });
  const { model, transport, form, address } = site.explain().channels["video-uploads"]!;
  view.note(`  ${model} on ${transport} (${form}): ${address}`);
  const upload = uploader(site, ledger);
  const fleet = new Fleet({
    connect: () => connect({ ...connection, service: "encoder", ...(telemetry && { telemetry: telemetry.of() }) }),
    folder,
    ledger,
    crashAt: options.crashAt,
  });

  let title = "";
  let mostBacklog = 0;
  const look = async (): Promise<number> => {
    const [depth] = await site.depth(uploads, "encoder"); // the broker's own figures, which real scaling would go by too
    const { uploaded, encoded, ...own } = ledger.standing;
    const backlog = depth?.ready ?? own.backlog;
    mostBacklog = Math.max(mostBacklog, backlog);
    view.show({ title, uploaded, encoded, backlog, inFlight: depth?.held ?? own.inFlight, encoders: fleet.size });
    return backlog;
  };
  const scale = async () => {
    const backlog = await look();
    const wanted = Math.min(maxEncoders, Math.max(1, Math.ceil(backlog / perEncoder)));
    if (fleet.size < wanted) {
      view.note(`  ${backlog} waiting: encoder ${fleet.size + 1} joins`);
      await fleet.join();
    } else if (fleet.size > wanted && backlog === 0) {
      view.note(`  nothing waiting: encoder ${fleet.size} leaves`);
      await fleet.leave();
    }
  };

  try {
    await fleet.join();
    await using watching = watch(scale, lookEveryMs);
    let taken = 0;
    for (const [index, count] of days.entries()) {
      const today = videos.slice(taken, (taken += count));
      const last = index === days.length - 1;
      title = `day ${index + 1}, ${count} uploads${last ? " at once" : ""}`;
      const dayStartedAt = performance.now();
      await (last ? upload.burst(today) : upload.trickle(today));
      const done = await Promise.race([ledger.idle(STALLED_AFTER_MS), watching.failed]);
      const seconds = ((performance.now() - dayStartedAt) / 1000).toFixed(1);
      view.note(
        done ? `  ${title}: done in ${seconds} s` : `  ${title}: nothing has happened for ${STALLED_AFTER_MS / 1000} s`,
      );
    }
    await Promise.race([emptied(site), watching.failed]);
    await look();
  } finally {
    await fleet.disband();
    view.end();
  }
  const left = await waitingAt(site);
  const dead = ledger.refusedIds.length > 0 ? await site.deadLetters(uploads, "encoder").peek(10) : [];
  return {
    ...prove(videos, folder, ledger),
    broker: `${model} on ${transport}`,
    mostBacklog,
    mostEncoders: fleet.most,
    leftOver: left,
    seconds: (performance.now() - startedAt) / 1000,
    deadLetters: dead.map(({ data, reason, attempts }) => ({
      videoId: (data as { videoId: string }).videoId,
      reason,
      attempts,
    })),
  };
}

type Site = Messaging<typeof uploads>;

async function waitingAt(site: Site): Promise<number> {
  const [depth] = await site.depth(uploads, "encoder");
  return (depth?.ready ?? 0) + (depth?.held ?? 0);
}

/** All videos may be encoded and duplicates still wait; SQS, whose figures lag by up to a minute, is not waited for that long. */
async function emptied(site: Site): Promise<void> {
  const deadline = performance.now() + EMPTIED_WITHIN_MS;
  while ((await waitingAt(site)) > 0 && performance.now() < deadline) await sleep(100);
}
