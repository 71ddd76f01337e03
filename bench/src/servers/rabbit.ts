/** A real RabbitMQ: `AMQP_URL`, else a private node as the tests start one. Says why where there is none. */
import { type Rabbit, skipped, startRabbit } from "../../../test/support/rabbit.ts";

let rabbit: Rabbit | undefined;
let closing: Promise<void> | undefined;
const close = (): void => {
  closing ??= (rabbit?.close() ?? Promise.resolve()).finally(() => process.exit(0));
};
process.on("disconnect", close);
process.on("SIGINT", close);
process.on("SIGTERM", close);
try {
  if (skipped) throw new Error("SWITCHYARD_SKIP says so");
  rabbit = await startRabbit();
  process.send?.(rabbit.url);
} catch (error) {
  process.send?.({ missing: `no RabbitMQ: ${error instanceof Error ? error.message : String(error)}` });
}
