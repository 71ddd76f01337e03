/** A service whose broker goes away: what its probes answer meanwhile. */
import { channel, connect, consumer, type Messaging } from "@switchyard/core";
import { endpoints } from "@switchyard/core/endpoints";
import { expect } from "vitest";
import { z } from "zod";

const jobs = channel("jobs", { messages: { job: z.object({ n: z.number() }) } });

/** The statuses of `/livez` and `/readyz`. */
export async function probes(messaging: Messaging<typeof jobs>): Promise<readonly number[]> {
  const handle = endpoints(messaging);
  const answers = ["/livez", "/readyz"].map((path) => handle(new Request(`http://localhost${path}`)));
  return (await Promise.all(answers)).map(({ status }) => status);
}

/** A service with a consumer that is not started, on a connection. */
export async function probed(connection: object): Promise<Messaging<typeof jobs>> {
  const messaging = await connect({
    channels: [jobs],
    service: "shop",
    observe: () => {},
    config: {
      prefix: `probes${process.pid}`,
      connections: { it: { ...connection, provision: "auto" } },
      channels: { jobs: { model: "queue", on: "it", groups: { work: {} } } },
    } as never,
  });
  messaging.consume(consumer(jobs, "work", { job: () => {} }));
  return messaging;
}

/** Alive all the time, and ready while it works. `down` and `up` are what happens to the broker. */
export async function lived(messaging: Messaging<typeof jobs>, down: () => unknown, up: () => unknown): Promise<void> {
  expect(await probes(messaging)).toEqual([200, 503]);
  await messaging.start();
  expect(await probes(messaging)).toEqual([200, 200]);
  await down();
  await expect.poll(() => probes(messaging), { timeout: 20_000 }).toEqual([200, 503]);
  await up();
  await expect.poll(() => probes(messaging), { timeout: 40_000 }).toEqual([200, 200]);
}
