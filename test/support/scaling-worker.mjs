/**
 * An encoder as a process of its own, for the closed loop of scaling: it says `ready` once it receives, and stops in order on SIGTERM.
 *
 * Environment: `AMQP_URL`, `STAGE`, `WORK_MS` (how long one video takes).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { connect, consumer } from "@switchyard/core";
import { config, uploads } from "./scaling-channel.ts";

const { AMQP_URL = "", STAGE = "", WORK_MS = "200" } = process.env;
const messaging = await connect({ channels: [uploads], service: "encoder", config: config(AMQP_URL, STAGE) });
messaging.consume(consumer(uploads, "encoder", { uploaded: () => sleep(Number(WORK_MS)) }));
const running = messaging.run();
await messaging.start();
process.stdout.write("ready\n");
await running;
