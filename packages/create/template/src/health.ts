import { createServer, type Server } from "node:http";
import type { Messaging } from "@switchyard/core";
import { endpoints, isLoopback, toNode } from "@switchyard/core/endpoints";

/** `/livez` and `/readyz` for probes. A broker that is down makes the service not ready. It does not make it dead. */
export const healthServer = (messaging: Messaging): Server =>
  createServer(toNode(endpoints(messaging, { detail: isLoopback })));
