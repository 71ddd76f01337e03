import { connect } from "@switchyard/core";
import { accessLog, parse, type View } from "./access-log.ts";
import { clicks } from "./channels.ts";
import type { Worker } from "./fleet.ts";
import { operators, type Profile } from "./operators.ts";
import { Sessions } from "./sessions.ts";

export interface Options {
  readonly profile: Profile;
  readonly lines: number;
  /** Told in a line what happens. */
  readonly say: (text: string) => void;
}

export interface Report {
  readonly lines: number;
  readonly visitors: number;
  readonly sessions: number;
  readonly duplicates: number;
  readonly seconds: number;
  /** Totals that are not as one process counts them from the file. Empty: all is right. */
  readonly differences: readonly string[];
  /** Shards, as they were and as they are. */
  readonly shards: readonly [before: number, after: number];
}

/** Publishes at once, so that the batches are full and one visitor's views still go one after the other. */
const AT_ONCE = 2_000;

/** The log through the stream: three workers, one killed and one added on the way, the stream split on the way where it can be. */
export async function app({ profile, lines, say }: Options): Promise<Report> {
  const views = [...accessLog(lines)].flatMap((text, index) => parse(text, index + 1) ?? []);
  const reference = new Sessions();
  for (const view of views) reference.count(view);

  const began = performance.now();
  const database = new Sessions();
  await using publisher = await connect({
    channels: [clicks],
    service: "web-server",
    profile,
    cwd: import.meta.dirname,
    env: { ...process.env, PROVISION: "auto" },
    observe: () => {},
  });
  const { start, split } = operators[profile];
  const workers: Worker[] = await Promise.all([1, 2, 3].map(() => start(profile, database)));
  say("three workers read");
  const before = await shardCount(publisher);

  const published = publishAll(publisher, views);
  published.catch(() => {});
  await Promise.race([published, database.reached(lines * 0.2)]);
  await database.reached(lines * 0.2);
  await workers.shift()!.kill();
  say(`one was killed after ${database.views} views`);

  await database.reached(lines * 0.35);
  const { address } = publisher.explain().channels["clicks"]!;
  await split?.(address);
  if (split !== undefined) say(`the stream was split after ${database.views} views`);

  await database.reached(lines * 0.5);
  workers.push(await start(profile, database));
  say(`one was added after ${database.views} views`);

  await published;
  await database.reached(views.length);
  const after = await shardCount(publisher);
  await Promise.all(workers.map((worker) => worker.stop()));
  return {
    lines,
    visitors: database.visitors.size,
    sessions: database.sessions,
    duplicates: database.duplicates,
    seconds: (performance.now() - began) / 1_000,
    differences: database.differences(reference),
    shards: [before, after],
  };
}

async function publishAll(publisher: Awaited<ReturnType<typeof connect<[typeof clicks]>>>, views: readonly View[]) {
  for (let at = 0; at < views.length; at += AT_ONCE) {
    const results = await publisher.publishMany(
      clicks,
      views.slice(at, at + AT_ONCE).map((data) => ({ type: "page.viewed" as const, data })),
    );
    const failed = results.find((result) => !result.ok);
    if (failed !== undefined && !failed.ok) throw failed.error;
  }
}

/** Those the group has not read to their end. */
async function shardCount(publisher: Awaited<ReturnType<typeof connect<[typeof clicks]>>>): Promise<number> {
  const [sessions] = await publisher.depth(clicks, "sessions");
  return sessions!.leases.length;
}
