/** An HTTP proxy for the AWS JSON protocols that breaks what it is told to break, by action. On this machine only. */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type WireFault =
  /** The connection breaks before the server saw the request. */
  | { readonly kind: "cut" }
  /** The server does it; the connection breaks before the answer. */
  | { readonly kind: "lose-reply" }
  /** No answer, ever; the server does not see it. */
  | { readonly kind: "stall" }
  /** Refused with AWS's throttling error. */
  | { readonly kind: "throttle" }
  /** Refused with HTTP 500. */
  | { readonly kind: "error" }
  | { readonly kind: "delay"; readonly ms: number }
  /** Entries of a batch that match are answered as failed; the server sees the others only. */
  | {
      readonly kind: "fail-entries";
      readonly match: (entry: Entry) => boolean;
      readonly code: string;
      readonly senderFault: boolean;
    };

export interface Entry {
  readonly Id: string;
  readonly MessageBody?: string;
  readonly [field: string]: unknown;
}

export interface FaultProxy {
  readonly endpoint: string;
  /** The next `times` requests whose action matches (`SendMessageBatch`) fail so. For `fail-entries` it counts entries. Default: until `heal`. */
  fault(action: RegExp, fault: WireFault, times?: number): void;
  heal(): void;
  /** Requests, or entries, that a fault hit. */
  readonly hits: number;
  /** Requests of matching actions that reached the server. */
  reached(action: RegExp): number;
  close(): Promise<void>;
}

interface Rule {
  readonly action: RegExp;
  readonly fault: WireFault;
  left: number;
}

const JSON_TYPE = "application/x-amz-json-1.0";

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function refuse(response: ServerResponse, status: number, type: string, message: string): void {
  response.writeHead(status, {
    "content-type": JSON_TYPE,
    "x-amzn-errortype": type,
    "x-amzn-requestid": "fault-proxy",
  });
  response.end(JSON.stringify({ __type: type, message }));
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const origin = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const reached = new Map<string, number>();
  let rules: Rule[] = [];
  let hits = 0;

  const take = (action: string): Rule | undefined => {
    const rule = rules.find((one) => one.left > 0 && one.action.test(action));
    if (rule === undefined || rule.fault.kind === "fail-entries") return rule;
    rule.left--;
    hits++;
    return rule;
  };

  const forward = (
    incoming: IncomingMessage,
    action: string,
    body: Buffer,
  ): Promise<{ status: number; headers: IncomingMessage["headers"]; body: Buffer }> =>
    new Promise((resolve, reject) => {
      reached.set(action, (reached.get(action) ?? 0) + 1);
      const headers = { ...incoming.headers, host: origin.host, "content-length": String(body.length) };
      const onward = request(
        { hostname: origin.hostname, port: origin.port, path: incoming.url, method: incoming.method, headers, agent },
        (answer) => {
          bodyOf(answer).then(
            (whole) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: whole }),
            reject,
          );
        },
      );
      onward.on("error", reject);
      const giveUp = () => onward.destroy();
      onward.once("close", () => incoming.socket.off("close", giveUp));
      onward.end(body);
      // A client that gives up gives up at the server, too.
      incoming.socket.once("close", giveUp);
    });

  const answer = (
    response: ServerResponse,
    status: number,
    headers: IncomingMessage["headers"],
    body: Buffer,
  ): void => {
    const { "transfer-encoding": _, connection: __, ...kept } = headers;
    response.writeHead(status, { ...kept, "content-length": String(body.length) });
    response.end(body);
  };

  /** Answers the chosen entries itself and adds what the server says of the rest. */
  const failEntries = async (
    incoming: IncomingMessage,
    response: ServerResponse,
    action: string,
    body: Buffer,
    rule: Rule,
  ): Promise<void> => {
    const fault = rule.fault as WireFault & { kind: "fail-entries" };
    const asked = JSON.parse(body.toString()) as { Entries?: Entry[] };
    const failed: object[] = [];
    const kept = (asked.Entries ?? []).filter((entry) => {
      if (rule.left <= 0 || !fault.match(entry)) return true;
      rule.left--;
      hits++;
      failed.push({
        Id: entry.Id,
        Code: fault.code,
        Message: "refused by the fault proxy",
        SenderFault: fault.senderFault,
      });
      return false;
    });
    if (failed.length === 0) {
      const whole = await forward(incoming, action, body);
      return answer(response, whole.status, whole.headers, whole.body);
    }
    if (kept.length === 0) {
      response.writeHead(200, { "content-type": JSON_TYPE });
      response.end(JSON.stringify({ Successful: [], Failed: failed }));
      return;
    }
    const got = await forward(incoming, action, Buffer.from(JSON.stringify({ ...asked, Entries: kept })));
    const said = JSON.parse(got.body.toString()) as { Failed?: object[] };
    if (got.status !== 200) return answer(response, got.status, got.headers, got.body);
    answer(
      response,
      200,
      got.headers,
      Buffer.from(JSON.stringify({ ...said, Failed: [...(said.Failed ?? []), ...failed] })),
    );
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(incoming);
    const action = String(incoming.headers["x-amz-target"] ?? "").replace(/^.*\./, "");
    const rule = take(action);
    const kind = rule?.fault.kind;
    if (kind === "stall") return;
    if (kind === "cut") return void incoming.socket.destroy();
    if (kind === "throttle") return refuse(response, 400, "com.amazonaws.sqs#RequestThrottled", "Rate exceeded");
    if (kind === "error") return refuse(response, 500, "com.amazon.coral.service#InternalFailure", "internal failure");
    if (kind === "fail-entries") return failEntries(incoming, response, action, body, rule!);
    if (kind === "delay") {
      const { ms } = rule!.fault as { ms: number };
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
    const whole = await forward(incoming, action, body);
    if (kind === "lose-reply") return void incoming.socket.destroy();
    answer(response, whole.status, whole.headers, whole.body);
  };

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: (action, fault, times = Number.POSITIVE_INFINITY) => void rules.push({ action, fault, left: times }),
    heal: () => {
      rules = [];
    },
    get hits() {
      return hits;
    },
    reached: (action) => [...reached].reduce((sum, [name, count]) => (action.test(name) ? sum + count : sum), 0),
    close: async () => {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
