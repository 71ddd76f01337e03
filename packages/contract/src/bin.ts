#!/usr/bin/env node
/** `npx @switchyard/contract`. Ends the process itself: a case that hung may hold the event loop open. */
import { once } from "node:events";
import { command } from "./command/command.ts";

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());
process.once("SIGTERM", () => interrupted.abort());

const { exitCode } = await command(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  env: process.env,
  cwd: process.cwd(),
  signal: interrupted.signal,
});
for (const stream of [process.stdout, process.stderr]) if (stream.writableLength > 0) await once(stream, "drain");
process.exit(exitCode);
