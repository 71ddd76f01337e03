/** The emulator of SQS, as far away as the service: each answer takes ten milliseconds. Then a client waits, and is not busy all the time. */
import { setTimeout as sleep } from "node:timers/promises";
import { buildApp } from "fauxqs";

const LATENCY_MS = 10;

const app = buildApp({ logger: false, defaultRegion: "us-east-1" });
app.addHook("onSend", async (_request: unknown, _reply: unknown, payload: unknown) => {
  await sleep(LATENCY_MS);
  return payload;
});
process.send?.(await app.listen({ host: "127.0.0.1", port: 0 }));
process.on("disconnect", () => process.exit(0));
