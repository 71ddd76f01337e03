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
  const server = createServer((request, response) => {
    started ??= startRabbit();
    // The path of `/` asks for the broker, any other is the words of a call of rabbitmqctl.
    const words = request.url!.split("/").slice(1).filter(Boolean).map(decodeURIComponent);
    started
      .then(async ({ url, what, ctl }) => (words.length === 0 ? JSON.stringify({ url, what }) : ctl(...words)))
      .then(
        (text) => response.end(text),
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

/** The run's broker. `ctl`: what `rabbitmqctl` says of it; it throws if the broker is not ours. */
export async function sharedRabbit(): Promise<{
  readonly url: string;
  readonly what: string;
  ctl(...words: readonly string[]): Promise<string>;
}> {
  const ctl = (...words: readonly string[]) => asked(words);
  return { ...(JSON.parse(await asked([])) as { url: string; what: string }), ctl };
}

async function asked(words: readonly string[]): Promise<string> {
  const at = process.env[WHERE];
  if (at === undefined) throw new Error("no RabbitMQ host: run through vitest's e2e project");
  const response = await fetch(`${at}/${words.map(encodeURIComponent).join("/")}`);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}
