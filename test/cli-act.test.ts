/** What verbs that change something say first, and what they refuse. No broker is needed: a dry run of `replay` opens no connection. */
import { expect, test } from "vitest";
import { transcript } from "./support/transcript.ts";

const replay = (profile: string, env: Record<string, string>, ...more: readonly string[]) =>
  transcript(["replay", "clicks", "sessions", "--from", "earliest", "--profile", profile, ...more], { env });

test("the profile, the prefix, where each connection leads without its secrets, and what overrides the configuration", async () => {
  const rabbit = await replay("rabbit-stream", {
    AMQP_URL: "amqps://bob:hunter2@rabbit.example:5671/orders?heartbeat=10",
    SHOP_PREFIX: "prod",
    SWITCHYARD__policies__default__retry__attempts: "2",
    switchyard__channels__clicks__groups__sessions__concurrency: "3",
  });
  const [, ...said] = rabbit.split("\n");
  expect(said.slice(0, 4)).toEqual([
    "! replay: profile rabbit-stream, prefix prod",
    "!   rabbit (amqps://rabbit.example:5671/orders): clicks (prod_clicks)",
    "!   overridden by SWITCHYARD__policies__default__retry__attempts, switchyard__channels__clicks__groups__sessions__concurrency",
    "! dry run: nothing is done; add --yes to do it",
  ]);
  expect(rabbit).not.toMatch(/hunter2|bob/);
  expect(await replay("kinesis", {})).toContain(
    "!   kinesis (us-east-1, account: that of the credentials, at http://127.0.0.1:1): clicks (shop_clicks)\n",
  );
});

test.each([
  ["apply", ["apply"]],
  ["replay", ["replay", "clicks", "sessions", "--from", "earliest"]],
  ["dead redrive", ["dead", "redrive", "orders", "billing"]],
  ["dead purge", ["dead", "purge", "orders", "billing", "--all"]],
  ["dead edit", ["dead", "edit", "orders", "billing", "o-1", "--type", "order.placed"]],
  ["dead import", ["dead", "import", "orders", "billing", "--from", "letters.jsonl"]],
  ["dead export --remove", ["dead", "export", "orders", "billing", "--to", "letters.jsonl", "--remove"]],
])("without a terminal, %s --yes needs --profile, whatever the environment says", async (_, words) => {
  // An address where nobody is: what is refused too late would fail in another way, after half a minute.
  const env = { SWITCHYARD_PROFILE: words[0] === "replay" ? "kinesis" : "rabbit" };
  const refused = await transcript([...words, "--yes"], { env });
  expect(refused).toMatch(
    /^! without a terminal, [a-z ]+ --yes needs --profile, so that nobody acts on the wrong one$/m,
  );
  expect(refused).toMatch(/exit code 2\n$/);
});
