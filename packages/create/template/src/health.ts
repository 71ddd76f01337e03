import { createServer, type Server } from "node:http";
import type { Messaging } from "@switchyard/core";

/** `/live` and `/ready` for probes. A broker that is down makes the service not ready. It does not make it dead. */
export function healthServer(messaging: Messaging): Server {
  return createServer((request, response) => {
    const { status, live, ready, problems } = messaging.health();
    const ok = request.url === "/live" ? live : ready;
    response.writeHead(ok ? 200 : 503, { "content-type": "application/json" });
    response.end(JSON.stringify({ status, problems }));
  });
}
