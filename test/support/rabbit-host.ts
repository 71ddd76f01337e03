/**
 * One RabbitMQ for a whole test run, started when the first test asks and stopped at the end. It lives in the runner's own
 * process; tests ask it over loopback HTTP.
 */
import { createServer } from "node:http";
import { type Rabbit, startRabbit } from "./rabbit.ts";

const WHERE = "SWITCHYARD_RABBIT_HOST";

/** Vitest's global set-up: runs in the runner, returns the tear-down. */
export default async function host(): Promise<() => Promise<void>> {
  let started: Promise<Rabbit> | undefined;
  const server = createServer((_request, response) => {
    started ??= startRabbit();
    started.then(
      ({ url, what }) => response.end(JSON.stringify({ url, what })),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  process.env[WHERE] = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  return async () => {
    server.close();
    await (await started?.catch(() => undefined))?.close();
  };
}

/** The run's broker. */
export async function sharedRabbit(): Promise<{ readonly url: string; readonly what: string }> {
  const at = process.env[WHERE];
  if (at === undefined) throw new Error("no RabbitMQ host: run through vitest's e2e project");
  const response = await fetch(at);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text) as { url: string; what: string };
}
