import { describe, expect, it } from "vitest";
import { base, orders, problems, refusal, resolve, uploads } from "../../fixtures/adapters.ts";

describe("${...} in strings", () => {
  const rabbit = (url: string) => ({
    ...base(),
    connections: { rabbit: { use: "amqp", url } },
    channels: { orders: { ...base().channels.orders, on: "rabbit" } },
  });
  const url = async (text: string, env: Record<string, string>) =>
    ((await resolve(rabbit(text), { channels: [orders], env })).connections["rabbit"]!.options as { url: string }).url;

  it("is filled in, with a default where unset or empty", async () => {
    expect(await url("amqp://${USER}:${PW:-guest}@${HOST:-localhost}", { USER: "me", HOST: "" })).toBe(
      "amqp://me:guest@localhost",
    );
    expect(await url("amqp://x/${EMPTY}", { EMPTY: "" })).toBe("amqp://x/");
    expect(await url("amqp://x/$${literal}", {})).toBe("amqp://x/${literal}");
  });

  it("cannot change the structure, and is not filled in twice", async () => {
    const config = { ...base(), connections: { aws: { use: "aws", region: "${V}" } } };
    const plan = await resolve(config, { env: { V: 'x", secretKey: "${HOME}', HOME: "/root" } });
    expect(plan.connections["aws"]?.options).toEqual({ region: 'x", secretKey: "${HOME}' });
  });

  it("gives digits where a number is wanted", async () => {
    const config = {
      ...base(),
      channels: { orders: { ...base().channels.orders, groups: { billing: { concurrency: "${N:-7}" } } } },
    };
    expect((await resolve(config, { channels: [orders] })).channels["orders"]?.groups["billing"]?.concurrency).toBe(7);
  });

  it("refuses an unset variable at its path, where the value is used", async () => {
    const config = { ...rabbit("${AMQP_URL}"), profiles: { test: { channels: { "*": { on: "memory" } } } } };
    expect(await problems(config, { channels: [orders] })).toEqual({
      "connections.rabbit.url": "the environment variable AMQP_URL is not set; set it, or write ${AMQP_URL:-default}",
    });
    expect((await resolve(config, { channels: [orders], profile: "test" })).channels["orders"]?.on).toBe("memory");
  });

  it("refuses unset names and numbers once, without calling them missing too", async () => {
    const config = {
      ...base(),
      prefix: "${STAGE}",
      channels: {
        orders: { model: "${MODEL}", on: "${ON}", groups: { billing: { concurrency: "${N}", policy: "default" } } },
      },
    };
    const found = await problems(config, { channels: [orders] });
    expect(Object.keys(found).sort()).toEqual([
      "channels.orders.groups.billing.concurrency",
      "channels.orders.model",
      "channels.orders.on",
      "prefix",
    ]);
    for (const text of Object.values(found)) expect(text).toMatch(/^the environment variable \w+ is not set/);
  });

  it("refuses what only looks like one", async () => {
    const found = await problems(rabbit("amqp://${my host}"), { channels: [orders] });
    expect(found).toEqual({
      "connections.rabbit.url": "write ${NAME} or ${NAME:-default}; for a literal ${ write $${",
    });
  });
});

describe("secrets", () => {
  const secret = "hunter22-very-secret";

  const url = `amqp://me:${secret}@h`;
  it.each<[string, object, Record<string, string>?]>([
    ["a connection written one level too high", { connections: { c: url } }],
    ["a URL as a connection's name", { connections: { [url]: { nonsense: 1 } } }],
    ["a URL where a connection is named", { channels: { orders: { model: "queue", on: url } } }],
    ["a URL in place of the profiles", { profiles: url }],
    ["a URL as the prefix", { prefix: url }],
    ["a URL as the transport", { connections: { aws: { use: url } } }],
    ["a transport from the environment", { connections: { aws: { use: "${U}" } } }, { U: secret }],
    ["a password under the profiles", { profiles: { password: secret } }],
    ["a URL as the profile", {}, { SWITCHYARD_PROFILE: url }],
    ["a password with a bare slash", { prefix: `amqp://me:a/${secret}@h` }],
    ["a password with a quote", { prefix: `amqp://me:"${secret}@h` }],
    [
      "a password quoted before its connection is read",
      { prefix: `${secret}!`, connections: { z: { use: "amqp", password: secret } } },
    ],
  ])("never quotes %s", async (_, part, env = {}) => {
    const error = await refusal({ ...base(), ...part }, { channels: [orders], env });
    expect(JSON.stringify(error) + error.message + String(error.stack)).not.toContain(secret);
  });

  it("from ${...} are in no error, whoever quotes them", async () => {
    const config = {
      ...base(),
      prefix: "Not ${BAD}",
      connections: { rabbit: { use: "amqp", url: "${BAD}" } },
      channels: {
        orders: { model: "pubsub", on: "${BAD}", groups: { billing: { hold: "${BAD}", policy: "${BAD}" } } },
      },
    };
    const error = await refusal(config, { channels: [orders], env: { BAD: secret } });
    expect(error.problems.map(({ path }) => path).sort()).toEqual([
      "channels.orders.groups.billing.hold",
      "channels.orders.groups.billing.policy",
      "channels.orders.on",
      "prefix",
    ]);
    expect(JSON.stringify(error) + error.message + String(error.stack)).not.toContain(secret);
    expect(error.problems.find(({ path }) => path === "channels.orders.on")?.message).toMatch(
      /^no connection the value of BAD; connections: rabbit/,
    );
  });

  it("are hidden in what an adapter says", async () => {
    const { amqp } = await import("../../fixtures/adapters.ts");
    const quoting = {
      ...amqp,
      options: {
        "~standard": {
          version: 1 as const,
          vendor: "t",
          validate: (given: unknown) => ({ issues: [{ message: `cannot use ${JSON.stringify(given)}` }] }),
        },
      },
    };
    const config = (url: string, more = {}) => ({
      ...base(),
      connections: { rabbit: { use: quoting, url, ...more } },
      channels: { orders: { ...base().channels.orders, on: "rabbit" } },
    });
    const text = async (given: object, env = {}) => (await refusal(given, { channels: [orders], env })).message;
    expect(await text(config("amqp://u:${PW}@h"), { PW: secret })).toContain('cannot use {"url":"***"}');
    expect(await text(config(`amqp://u:${secret}@h`))).not.toContain(secret);
    expect(await text(config("amqp://h", { password: secret }))).toContain('"password":"***"');
    const where = (url: string) => text(config("${URL}"), { URL: url });
    expect(await where("amqp://broker.test:5672")).toContain('cannot use {"url":"amqp://broker.test:5672"}');
    for (const whole of [
      `amqp://u:${secret}@h`,
      `https://h/hooks/${secret}`,
      `https://h?key=${secret}`,
      `amqp:${secret}`,
    ])
      expect(await where(whole)).toContain('cannot use {"url":"***"}');
    expect(await text(config("amqp://h"), { SWITCHYARD__CONNECTIONS__RABBIT__TOKEN: secret })).not.toContain(secret);
  });

  it("are not in explain(): addresses and settings from the environment, passwords in clear", async () => {
    const config = {
      ...base(),
      channels: {
        "video-uploads": {
          ...base().channels["video-uploads"],
          address: "https://sqs/${ACCOUNT}/q",
          native: { kmsKeyId: "${KEY}" },
        },
        orders: { ...base().channels.orders, on: "rabbit" },
      },
      connections: { ...base().connections, rabbit: { use: "amqp", url: `amqp://me:${secret}@h`, password: secret } },
    };
    const { explanation } = await resolve(config, { env: { ACCOUNT: "123456789012", KEY: secret } });
    expect(explanation.channels["video-uploads"]?.address).toBe("***");
    for (const hidden of [secret, "123456789012"]) expect(JSON.stringify(explanation)).not.toContain(hidden);
  });

  it("prefix is shown: names are what explain() is for", async () => {
    const { explanation } = await resolve({ ...base(), prefix: "${STAGE}" }, { env: { STAGE: "live" } });
    expect(explanation.channels["orders"]?.address).toBe("live_orders.fifo");
  });
});

describe("SWITCHYARD__ variables", () => {
  const plan = async (env: Record<string, string>, config: object = base()) => resolve(config, { env });

  it("override one channel", async () => {
    const found = await plan({ SWITCHYARD__CHANNELS__VIDEO_UPLOADS__ON: "memory" });
    expect([found.channels["video-uploads"]?.on, found.channels["orders"]?.on]).toEqual(["memory", "aws"]);
    expect(found.explanation.sources).toEqual(["configuration", "SWITCHYARD__CHANNELS__VIDEO_UPLOADS__ON"]);
  });

  it("are matched without regard to case and separators, and parsed as YAML scalars", async () => {
    const found = await plan({
      switchyard__channels__orders__groups__billing__max_in_flight: "50",
      SWITCHYARD__DRAIN: "5s",
      SWITCHYARD__PREFIX: "'123'",
      SWITCHYARD__POLICIES__DEFAULT__DEADLETTER: "false",
      SWITCHYARD__POLICIES__DEFAULT__RETRY__ATTEMPTS: "3",
      SWITCHYARD__CONNECTIONS__AWS__SECRET_KEY: "@odd: value",
    });
    expect(found).toMatchObject({
      prefix: "123",
      drainMs: 5000,
      connections: { aws: { options: { secretKey: "@odd: value" } } },
    });
    expect(found.channels["orders"]?.groups["billing"]).toMatchObject({
      maxInFlight: 50,
      policy: { exhausted: "block", retry: { attempts: 3 } },
    });
  });

  it("reach channels that only * configures", async () => {
    const config = { ...base(), channels: { "*": { model: "queue", on: "aws", groups: { g: {} } } } };
    const found = await plan({ SWITCHYARD__CHANNELS__ORDERS__GROUPS__G__CONCURRENCY: "4" }, config);
    expect(found.channels["orders"]?.groups["g"]?.concurrency).toBe(4);
  });

  it("refuse a path that is unknown, too short, too long or said twice", async () => {
    const env = {
      SWITCHYARD__CHANNELS__VIDEO_UPLAODS__ON: "memory",
      SWITCHYARD__CHANNELS__ORDERS__MODLE: "queue",
      SWITCHYARD__CHANNELS__ORDERS: "x",
      SWITCHYARD__PREFIX__X: "x",
      SWITCHYARD__DRAIN: "5s",
      switchyard__drain: "6s",
    };
    expect(await problems(base(), { env })).toEqual({
      SWITCHYARD__CHANNELS__VIDEO_UPLAODS__ON:
        'no "video-uplaods" below channels; known: orders, video-uploads, *. Did you mean "video-uploads"?',
      SWITCHYARD__CHANNELS__ORDERS__MODLE: expect.stringMatching(
        /^no "modle" below channels\.orders; known: model, .*Did you mean "model"\?$/,
      ),
      SWITCHYARD__CHANNELS__ORDERS: expect.stringMatching(
        /^names channels\.orders, which is not a single value; append __ and one of: model, on/,
      ),
      SWITCHYARD__PREFIX__X: "prefix is a single value and has no keys",
      switchyard__drain: "sets the same key as SWITCHYARD__DRAIN; keep only one of them",
    });
  });

  it("are named by their variable when the value is wrong, and never quoted", async () => {
    const env = {
      SWITCHYARD__CHANNELS__ORDERS__ON: "memroy",
      SWITCHYARD__CHANNELS__ORDERS__GROUPS__BILLING__HOLD: "tommorow",
      SWITCHYARD__CONNECTIONS__AWS__REGION: "5",
    };
    expect(await problems(base(), { env, channels: [orders, uploads] })).toEqual({
      SWITCHYARD__CHANNELS__ORDERS__ON:
        'no connection the value of SWITCHYARD__CHANNELS__ORDERS__ON; connections: aws, rabbit, memory. Did you mean "memory"?',
      SWITCHYARD__CHANNELS__ORDERS__GROUPS__BILLING__HOLD: expect.stringMatching(/^must be longer than 0: a duration/),
      SWITCHYARD__CONNECTIONS__AWS__REGION: expect.stringMatching(/string/),
    });
  });
});
