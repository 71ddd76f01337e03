/** What a function loads in its sandbox: a batch without failures needs no client of AWS. */
import { expect, test } from "vitest";
import { run } from "./support/run.ts";

test("a batch without failures loads no client; the first failure does, and configuration in code needs no YAML", async () => {
  const program = new URL("./support/lambda/loaded.ts", import.meta.url).pathname;
  const env = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  const ran = await run("node", ["--conditions=@switchyard/source", program], { cwd: import.meta.dirname, env });
  expect(ran.code, ran.output).toBe(0);
  const [first, second] = JSON.parse(ran.stdout) as { failed: string[]; loaded: string[] }[];
  const clients = (loaded: readonly string[]) => loaded.filter((name) => /^@(aws-sdk|smithy)\//.test(name));
  expect(first!.failed).toEqual([]);
  expect(clients(first!.loaded)).toEqual([]);
  expect(second!.failed).toEqual(["m-1"]);
  expect(clients(second!.loaded)).toContain("@aws-sdk/client-sqs");
  expect(second!.loaded).not.toContain("yaml");
});
