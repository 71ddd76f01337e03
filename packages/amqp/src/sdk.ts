import { loadPeer } from "@switchyard/core/driver-kit";
import type { Amqplib } from "./client.ts";

export const loadAmqplib = (): Promise<Amqplib> => loadPeer("amqplib", "@switchyard/amqp", () => import("amqplib"));
