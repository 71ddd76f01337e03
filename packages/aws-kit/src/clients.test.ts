import { expect, test } from "vitest";
import { handlerSettings } from "./clients.ts";

test("clients of our own speak TLS 1.2 or newer, whatever the process allows", () => {
  expect(handlerSettings(1_000)).toMatchObject({ httpsAgent: { minVersion: "TLSv1.2", keepAlive: true } });
});
