import type { DriverEvent } from "@switchyard/core/driver";
import { expect, test } from "vitest";
import type { AnyCall } from "./error-context.ts";
import { classifierOf } from "./errors.ts";
import { watcher } from "./watch.ts";

const classify = classifierOf({ resource: "queue", table: { QueueGone: ["config", "queue-not-found"] } });
const cut = () => Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
const answer = (name: string, httpStatusCode: number, more: object = {}) =>
  Object.assign(new Error("text"), { name, $metadata: { httpStatusCode }, ...more });

/** What is reported of calls that end in these ways. */
async function reported(...ends: readonly (Error | undefined)[]): Promise<readonly string[]> {
  const events: DriverEvent[] = [];
  const rest = [...ends];
  const service: AnyCall = async () => {
    const end = rest.shift();
    if (end !== undefined) throw end;
    return {};
  };
  const call = watcher((event) => void events.push(event), classify)(service);
  for (const end of ends) await call("receive", {}).catch((error: unknown) => expect(error).toBe(end));
  return events.map(({ type }) => type);
}

test("an outage is over once a call succeeds, or once the service itself refuses one", async () => {
  expect(await reported(cut(), cut(), undefined, undefined)).toEqual(["down", "up"]);
  expect(await reported(cut(), answer("QueueGone", 400), answer("QueueGone", 400))).toEqual(["down", "up"]);
  expect(await reported(cut(), answer("AccessDenied", 403))).toEqual(["down", "up"]);
});

test("an outage is not over with an answer of a proxy or of a service that fails", async () => {
  const headers = { "content-type": "text/html" };
  expect(await reported(cut(), answer("SyntaxError", 404, { $response: { headers } }))).toEqual(["down"]);
  expect(await reported(cut(), answer("InternalFailure", 500))).toEqual(["down"]);
});
