/** A function's invocation with ten messages: our layer, and Powertools' batch processor with a handler by hand. Nothing is called. */
import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { consumer } from "@switchyard/core";
import { lambda } from "@switchyard/lambda";
import { invoke, sqs } from "@switchyard/lambda/testing";
import { timed, type Work } from "../measured.ts";
import { checkedOrders, order, silent } from "./messages.ts";

const INVOCATIONS = 2_000;
const EACH = 10;

const context = { getRemainingTimeInMillis: () => 60_000 };
const config = {
  prefix: "bench",
  connections: { memory: { use: "memory" } },
  channels: {
    orders: {
      model: "queue",
      on: "memory",
      groups: { work: { runsOn: "lambda", native: { lambda: { answer: "report" } } } },
    },
  },
} as never;

function made() {
  let handled = 0;
  const work = consumer(checkedOrders, "work", { placed: () => void handled++ });
  const handler = lambda({ channels: [checkedOrders], service: "bench", consumers: [work], config, observe: silent });
  return { handler, handled: () => handled };
}

/** The event as AWS makes it. Both read the same one. */
async function event(): Promise<any> {
  const items = Array.from({ length: EACH }, (_, id) => ["placed", order(id)] as const);
  return (await invoke(made().handler, sqs(checkedOrders, items))).event;
}

export const ours: Work = async () => {
  const { handler, handled } = made();
  const given = await event();
  return {
    round: async () => {
      const before = handled();
      const sample = await timed(INVOCATIONS * EACH, async () => {
        for (let i = 0; i < INVOCATIONS; i++) await handler(given, context);
      });
      if (handled() - before !== INVOCATIONS * EACH) throw new Error("not all were handled");
      return sample;
    },
    close: async () => {},
  };
};

/** What people write: the body parsed and validated in the handler. */
export const powertools: Work = async () => {
  const given = await event();
  const processor = new BatchProcessor(EventType.SQS);
  const schema = (checkedOrders as any).messages.placed;
  let handled = 0;
  const one = async ({ body }: { body: string }): Promise<void> => {
    const { issues } = await schema["~standard"].validate(JSON.parse(body));
    if (issues !== undefined) throw new Error("invalid");
    handled++;
  };
  return {
    round: async () => {
      const before = handled;
      const sample = await timed(INVOCATIONS * EACH, async () => {
        for (let i = 0; i < INVOCATIONS; i++)
          await processPartialResponse(given, one as never, processor, { context: context as never });
      });
      if (handled - before !== INVOCATIONS * EACH) throw new Error("not all were handled");
      return sample;
    },
    close: async () => {},
  };
};
