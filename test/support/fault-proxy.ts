/**
 * An HTTP proxy for SQS, SNS and Kinesis that breaks what it is told to break, by action. It speaks the JSON protocols of AWS and the
 * query protocol of SNS. On this machine only.
 */
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
  /** Refused for want of a right. For the JSON protocols. */
  | { readonly kind: "deny" }
  | { readonly kind: "delay"; readonly ms: number }
  /**
   * Entries of a batch that match are answered as failed; the server sees the others only. For Kinesis an entry is a record, and for
   * SNS a message has no field but its `Id`.
   */
  | {
      readonly kind: "fail-entries";
      readonly match: (entry: Entry) => boolean;
      readonly code: string;
      readonly senderFault: boolean;
    };

export interface Entry {
  /** Absent for Kinesis. */
  readonly Id?: string;
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
const XML_TYPE = "text/xml";

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** What is asked for: a header in the JSON protocols, a parameter in the query protocol. */
function actionOf(incoming: IncomingMessage, body: Buffer): string {
  const target = incoming.headers["x-amz-target"];
  if (target !== undefined) return String(target).replace(/^.*\./, "");
  return /(?:^|&)Action=([A-Za-z]+)/.exec(body.toString("latin1"))?.[1] ?? "";
}

/** The error of a whole request, as the service says it. */
function refuse(incoming: IncomingMessage, response: ServerResponse, kind: "throttle" | "error" | "deny"): void {
  const target = incoming.headers["x-amz-target"];
  const kinesis = String(target).startsWith("Kinesis_");
  const throttled = target === undefined ? "Throttled" : kinesis ? "LimitExceededException" : "RequestThrottled";
  const failed = target === undefined ? "InternalError" : "InternalFailure";
  const [status, code, message] = (
    {
      throttle: [400, throttled, "Rate exceeded"],
      error: [500, failed, "internal failure"],
      deny: [403, "AccessDeniedException", "not authorized to perform the operation"],
    } as const
  )[kind];
  if (target === undefined) {
    response.writeHead(status, { "content-type": XML_TYPE, "x-amzn-requestid": "fault-proxy" });
    response.end(
      `<ErrorResponse><Error><Type>Receiver</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>fault-proxy</RequestId></ErrorResponse>`,
    );
    return;
  }
  const type = kinesis ? code : `com.amazonaws.sqs#${code}`;
  response.writeHead(status, {
    "content-type": JSON_TYPE,
    "x-amzn-errortype": type,
    "x-amzn-requestid": "fault-proxy",
  });
  response.end(JSON.stringify({ __type: type, message }));
}

/** A batch in one of the protocols: its entries, the request without some of them, and an answer in which those failed. */
interface Batch {
  readonly entries: readonly Entry[];
  without(failed: ReadonlySet<Entry>): Buffer;
  /** `said`: what the server answered for the others. Undefined: there were none. */
  answer(said: string | undefined, failed: ReadonlySet<Entry>, fault: FailEntries): Buffer;
  readonly type: string;
}
type FailEntries = WireFault & { kind: "fail-entries" };
const REFUSED = "refused by the fault proxy";

function batchOf(incoming: IncomingMessage, body: Buffer): Batch {
  const target = incoming.headers["x-amz-target"];
  if (target === undefined) return queryBatch(body);
  const asked = JSON.parse(body.toString()) as { Entries?: Entry[]; Records?: Entry[] };
  return asked.Records === undefined ? jsonBatch(asked) : recordBatch({ ...asked, Records: asked.Records });
}

const jsonBatch = (asked: { Entries?: Entry[] }): Batch => ({
  entries: asked.Entries ?? [],
  without: (failed) =>
    Buffer.from(JSON.stringify({ ...asked, Entries: asked.Entries!.filter((one) => !failed.has(one)) })),
  answer: (text, failed, { code, senderFault }) => {
    const said = JSON.parse(text ?? '{"Successful":[]}') as { Failed?: object[] };
    const Failed = [...failed].map(({ Id }) => ({ Id, Code: code, Message: REFUSED, SenderFault: senderFault }));
    return Buffer.from(JSON.stringify({ ...said, Failed: [...(said.Failed ?? []), ...Failed] }));
  },
  type: JSON_TYPE,
});

/** Kinesis answers by position. */
const recordBatch = (asked: { Records: Entry[] }): Batch => ({
  entries: asked.Records,
  without: (failed) =>
    Buffer.from(JSON.stringify({ ...asked, Records: asked.Records.filter((one) => !failed.has(one)) })),
  answer: (text, failed, { code }) => {
    const said = JSON.parse(text ?? '{"FailedRecordCount":0,"Records":[]}') as {
      FailedRecordCount?: number;
      Records: object[];
    };
    const others = [...said.Records];
    const Records = asked.Records.map((one) =>
      failed.has(one) ? { ErrorCode: code, ErrorMessage: REFUSED } : (others.shift() as object),
    );
    return Buffer.from(
      JSON.stringify({ ...said, FailedRecordCount: (said.FailedRecordCount ?? 0) + failed.size, Records }),
    );
  },
  type: "application/x-amz-json-1.1",
});

function queryBatch(body: Buffer): Batch {
  const member = /^PublishBatchRequestEntries\.member\.(\d+)\.(.*)$/;
  const parameters = [...new URLSearchParams(body.toString())];
  const entries = new Map<string, Entry>();
  for (const [name, value] of parameters) {
    const [, number, field] = member.exec(name) ?? [];
    if (field === "Id") entries.set(number!, { Id: value });
  }
  return {
    entries: [...entries.values()],
    without: (failed) => {
      const kept = [...entries].filter(([, entry]) => !failed.has(entry)).map(([number]) => number);
      const left = parameters.flatMap(([name, value]): [string, string][] => {
        const [, number, field] = member.exec(name) ?? [];
        if (number === undefined) return [[name, value]];
        const at = kept.indexOf(number) + 1;
        return at === 0 ? [] : [[`PublishBatchRequestEntries.member.${at}.${field}`, value]];
      });
      return Buffer.from(new URLSearchParams(left).toString());
    },
    answer: (said, failed, { code, senderFault }) => {
      const members = [...failed].map(
        ({ Id }) =>
          `<member><Id>${Id}</Id><Code>${code}</Code><Message>${REFUSED}</Message><SenderFault>${senderFault}</SenderFault></member>`,
      );
      const text =
        said ??
        "<PublishBatchResponse><PublishBatchResult><Successful></Successful></PublishBatchResult></PublishBatchResponse>";
      const others = /<Failed>(.*?)<\/Failed>/s.exec(text)?.[1] ?? "";
      const bare = text.replace(/<Failed\s*\/>|<Failed>.*?<\/Failed>/s, "");
      const list = `<Failed>${others}${members.join("")}</Failed>`;
      return Buffer.from(bare.replace("</PublishBatchResult>", `${list}</PublishBatchResult>`));
    },
    type: XML_TYPE,
  };
}

/** `kinesis`: where its requests go, if not to `target`. */
export async function startFaultProxy(target: string, kinesis = target): Promise<FaultProxy> {
  const origins = { kinesis: new URL(kinesis), other: new URL(target) };
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
      const of = String(incoming.headers["x-amz-target"]).startsWith("Kinesis_") ? "kinesis" : "other";
      const origin = origins[of];
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
    const fault = rule.fault as FailEntries;
    const batch = batchOf(incoming, body);
    const failed = new Set<Entry>();
    for (const entry of batch.entries) {
      if (rule.left <= 0 || !fault.match(entry)) continue;
      rule.left--;
      hits++;
      failed.add(entry);
    }
    if (failed.size > 0 && failed.size === batch.entries.length) {
      response.writeHead(200, { "content-type": batch.type });
      response.end(batch.answer(undefined, failed, fault));
      return;
    }
    const got = await forward(incoming, action, failed.size === 0 ? body : batch.without(failed));
    const whole = failed.size === 0 || got.status !== 200;
    answer(response, got.status, got.headers, whole ? got.body : batch.answer(got.body.toString(), failed, fault));
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(incoming);
    const action = actionOf(incoming, body);
    const rule = take(action);
    const kind = rule?.fault.kind;
    if (kind === "stall") return;
    if (kind === "cut") return void incoming.socket.destroy();
    if (kind === "throttle" || kind === "error" || kind === "deny") return refuse(incoming, response, kind);
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
