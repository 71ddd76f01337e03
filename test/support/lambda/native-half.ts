/**
 * The native half of the runtime client, for machines on which it was not built: its build needs cmake, and macOS has none. It is three calls
 * of the Runtime API [AWS developer guide, "Using the Lambda runtime API"], made here with Node's own HTTP. Preloaded with `--import`.
 */
import { Agent, type IncomingHttpHeaders, request } from "node:http";
import { registerHooks } from "node:module";

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "./rapid-client.node" ? { url: import.meta.url, shortCircuit: true } : next(specifier, context),
});

const BASE = `http://${process.env["AWS_LAMBDA_RUNTIME_API"]}/2018-06-01/runtime/invocation`;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
/** The answer is posted before the next event is asked for. */
let posted: Promise<unknown> = Promise.resolve();

export async function next(): Promise<{ readonly bodyJson: string; readonly headers: IncomingHttpHeaders }> {
  await posted;
  return call("GET", "next");
}

export function done(id: string, answer: string): void {
  posted = call("POST", `${id}/response`, answer);
}

export function error(id: string, answer: string): void {
  posted = call("POST", `${id}/error`, answer);
}

function call(method: string, path: string, body = ""): Promise<{ bodyJson: string; headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
    const asked = request(`${BASE}/${path}`, { method, agent, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => resolve({ bodyJson: Buffer.concat(parts).toString(), headers: response.headers }));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}
