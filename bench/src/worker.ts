/** One contender in its own process: JIT, garbage and sockets of one peer do not slow another. Warm-up is the parent's: it throws rounds away. */
import type { Session, Work, WorkOptions } from "./measured.ts";

const [file, name, options] = process.argv.slice(2) as [string, string, string];

async function open(): Promise<Session> {
  const module = (await import(new URL(`./work/${file}.ts`, import.meta.url).href)) as Record<string, Work>;
  const work = module[name];
  if (work === undefined) throw new Error(`work/${file}.ts has no ${name}`);
  return work(JSON.parse(options) as WorkOptions);
}

const say = (message: object): void => void process.send?.(message);
const fail = (error: unknown): void => say({ error: error instanceof Error ? error.message : String(error) });

process.on("unhandledRejection", fail);
// A bench that was killed must leave nothing running.
process.on("disconnect", () => process.exit(0));
try {
  const session = await open();
  process.on("message", (asked: "round" | "close") => {
    if (asked === "round") session.round().then((sample) => say({ sample }), fail);
    else
      session.close().then(
        () => process.exit(0),
        () => process.exit(0),
      );
  });
  say({ ready: true });
} catch (error) {
  fail(error);
}
