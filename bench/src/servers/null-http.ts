/** What every null server of AWS's protocols is: one port, a count of each action, and what the bench asks beside the protocol. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface NullService {
  readonly contentType: string;
  /** The name of the action is from `x-amz-target`, or from the form. */
  answer(action: string, body: string): Promise<string> | string;
  /** A number of messages become ready, where the service gives any out. */
  give?(queue: string, count: number): void;
}

let counts: Record<string, number> = {};

/** Counts more than requests: what `/counts` gives, and then forgets. */
export function count(name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

async function respond(service: NullService, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  let body: string;
  if (request.method === "GET") body = JSON.stringify(control(service, new URL(request.url ?? "/", "http://null")));
  else {
    const text = Buffer.concat(chunks).toString("latin1");
    const action = actionOf(request, text);
    count(action);
    body = await service.answer(action, text);
  }
  response.writeHead(200, { "content-type": service.contentType, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

function actionOf({ headers }: IncomingMessage, body: string): string {
  const target = headers["x-amz-target"];
  if (target !== undefined) return String(target).split(".")[1] ?? "";
  return /(?:^|&)Action=(\w+)/.exec(body)?.[1] ?? "";
}

function control(service: NullService, { pathname, searchParams }: URL): object {
  if (pathname === "/give") service.give?.(searchParams.get("queue") ?? "", Number(searchParams.get("count")));
  if (pathname !== "/counts") return {};
  const since = counts;
  counts = {};
  return since;
}

export function serve(service: NullService): void {
  const server = createServer(
    (request, response) => void respond(service, request, response).catch(() => response.destroy()),
  );
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1", () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  process.on("disconnect", () => process.exit(0));
}
