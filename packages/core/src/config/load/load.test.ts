import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isMessagingError } from "../../api/errors.ts";
import { adapters, base, orders, problems, resolve } from "../../fixtures/adapters.ts";
import { type ResolveInput, resolvePlan } from "../index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "switchyard-config-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const from = (more: Partial<ResolveInput> = {}) =>
  resolvePlan({ channels: [orders], service: "test", env: {}, cwd: folder, adapters, ...more });

async function refused(more: Partial<ResolveInput> = {}) {
  const error: unknown = await from(more).catch((cause: unknown) => cause);
  if (!isMessagingError(error, "invalid-config")) throw new Error("was not refused", { cause: error });
  return error;
}

const YAML = `
prefix: dev
connections: { aws: { use: aws, region: eu-west-1 } }
channels:
  orders: { model: pubsub, on: aws, groups: { billing: , analytics: {} } }
profiles: { test: }
`;

describe("finding the configuration", () => {
  it("looks from the working directory upwards", async () => {
    put("switchyard.config.yaml", YAML);
    put("services/billing/src/x.txt", "");
    const plan = await from({ cwd: join(folder, "services/billing/src"), profile: "test" });
    expect(Object.keys(plan.channels["orders"]!.groups)).toEqual(["billing", "analytics"]);
    expect(plan.explanation.sources).toEqual(["switchyard.config.yaml", "profile test"]);
  });

  it("takes a file of any name, and a folder", async () => {
    put("deploy/messaging.yml", YAML);
    put("other/switchyard.config.yml", YAML.replace("dev", "other"));
    expect((await from({ config: "deploy/messaging.yml" })).prefix).toBe("dev");
    expect((await from({ config: join(folder, "other") })).prefix).toBe("other");
  });

  it("refuses where there is none, two, or one of another kind", async () => {
    const none = await refused({ cwd: join(folder) });
    expect(none.problems[0]?.message).toMatch(
      /^not found in .* or above; create one \(also: switchyard\.config\.yml, .*\), or pass/,
    );
    put("switchyard.config.yaml", YAML);
    put("switchyard.config.json", "{}");
    expect((await refused()).message).toContain("has switchyard.config.yaml and switchyard.config.json; keep only one");
    expect((await refused({ config: "nowhere.yaml" })).message).toContain("file not found");
    expect((await refused({ config: put("x.toml", "") })).message).toContain(
      "its extension must be one of: yaml, yml, json, ts, mts, cts, js, mjs, cjs",
    );
    expect((await refused({ config: put("empty/x/y.yaml", "- a") })).message).toContain("must be a mapping");
    expect((await refused({ config: join(folder, "empty") })).message).toContain("has no configuration file");
  });
});

describe("reading it", () => {
  it("reads JSON, JavaScript and TypeScript, and a value", async () => {
    const text = JSON.stringify(base());
    for (const [name, content] of [
      ["a.json", text],
      ["a.mjs", `export default ${text};`],
      ["a.js", `export default ${text};`],
      ["a.ts", `interface X { prefix: string }\nconst value = ${text};\nexport default value satisfies X;`],
    ] as const) {
      put("package.json", '{ "type": "module" }');
      expect((await from({ config: put(name, content) })).channels["orders"]?.to.name, name).toBe("dev_orders");
    }
    expect((await from({ config: { "~switchyard": "config", ...base() } })).prefix).toBe("dev");
  });

  it("names every place that is not YAML, and never the text there", async () => {
    const error = await refused({
      config: put("bad.yaml", 'prefix: "dev\nprefix: hunter22: hunter22\n  x: [hunter22'),
    });
    expect(error.problems.length).toBeGreaterThan(0);
    for (const { path, message } of error.problems) {
      expect(path).toMatch(/^bad\.yaml:\d+:\d+$/);
      expect(message).toMatch(/^not valid YAML: [a-z0-9 ]+$/);
    }
    expect(error.message).not.toContain("hunter22");
    const twice = await refused({ config: put("twice.yaml", "prefix: a\nprefix: b\n") });
    expect(twice.problems).toEqual([{ path: "twice.yaml:2:1", message: "not valid YAML: duplicate key" }]);
    const open = await refused({ config: put("open.yaml", "channels:\n  orders: { model: queue\n groups: {}\n") });
    expect(open.problems).toEqual([{ path: "open.yaml:3:2", message: "not valid YAML: bad indent" }]);
  });

  it("names the file that is not JSON, and the place where Node says it", async () => {
    const quoting = await refused({ config: put("bad.json", '{\n  "prefix": hunter22 }') });
    expect(quoting.problems).toEqual([{ path: "bad.json", message: "not valid JSON" }]);
    expect(quoting.cause).toBeUndefined();
    const placed = await refused({ config: put("comma.json", '{\n  "prefix": "x", }') });
    expect(placed.problems).toEqual([{ path: "comma.json:2:18", message: "not valid JSON" }]);
  });

  it("says why a module gives none", async () => {
    expect((await refused({ config: put("none.mjs", "export const x = 1;") })).message).toContain(
      "has no default export",
    );
    const thrown = await refused({ config: put("throws.mjs", 'throw new Error("hunter22");') });
    expect(thrown.message).toContain("importing it failed (Error); see the error's cause");
    expect(thrown.message).not.toContain("hunter22");
    expect((thrown.cause as Error).message).toBe("hunter22");
  });

  it("is not fooled by __proto__", async () => {
    const config = JSON.parse(
      '{ "channels": { "__proto__": { "model": "queue" } }, "__proto__": { "prefix": "evil" } }',
    ) as object;
    expect(Object.keys(await problems({ ...base(), ...config }))).toContain("channels.orders");
    expect(({} as { prefix?: string }).prefix).toBeUndefined();
  });
});

describe("adapters by name", () => {
  const ADAPTER = (name: string) => `export const adapter = {
    name: ${JSON.stringify(name)},
    options: { "~standard": { version: 1, vendor: "t", validate: (value) => ({ value }) } },
    capabilities: () => (${JSON.stringify({ ordering: "key", poisonSkip: ["deadLetter"], replay: [], maxMessageBytes: 1, retryDelayMs: 1e9 })}),
    locate: (of) => ({ address: of.name }), open() {} };`;
  const using = (use: string) => YAML.replace("use: aws, region: eu-west-1", `use: ${JSON.stringify(use)}`);
  const install = (name: string, manifest: object, code: string) => {
    put(`node_modules/${name}/package.json`, JSON.stringify({ name, version: "1.0.0", type: "module", ...manifest }));
    put(`node_modules/${name}/index.js`, code);
  };
  const loaded = async () => (await from({ adapters: [] })).connections["aws"]?.adapter.name;

  it("says which packages to install", async () => {
    put("switchyard.config.yaml", using("sqs"));
    const { problems: found } = await refused({ adapters: [] });
    expect(found).toEqual([
      {
        path: "connections.aws.use",
        message: `@switchyard/sqs is not installed where ${folder} can find it: npm install @switchyard/sqs @aws-sdk/client-sqs`,
      },
    ]);
    put("switchyard.config.yaml", `${YAML.replace("test:", 'test: { channels: { "*": { on: memory } } }')}`);
    expect((await refused({ adapters: [], profile: "test" })).problems).toEqual([
      {
        path: "profiles.test.channels.*.on",
        message: `@switchyard/memory is not installed where ${folder} can find it: npm install @switchyard/memory`,
      },
    ]);
    put("switchyard.config.yaml", using("./nowhere.mjs"));
    expect((await refused({ adapters: [] })).message).toContain("./nowhere.mjs does not exist, relative to");
  });

  it("says which adapters there are and which was meant, and never to install a name of ours that we did not give", async () => {
    for (const [use, meant] of [
      ["kineses", "kinesis"],
      ["aws-sqs", "sqs"],
      ["@switchyard/sqs-aws", "sqs"],
      ["rabbitmq", "amqp"],
    ] as const) {
      put("switchyard.config.yaml", using(use));
      const { problems: found } = await refused({ adapters: [] });
      expect(found).toEqual([
        {
          path: "connections.aws.use",
          message: `unknown adapter "${use}"; use memory, sqs, sns, kinesis, aws, amqp, or the full package name of another adapter, such as @acme/adapter. Did you mean "${meant}"?`,
        },
      ]);
    }
    put("switchyard.config.yaml", using("carrier-pigeon"));
    expect((await refused({ adapters: [] })).message).toMatch(/as @acme\/adapter\.$/);
  });

  it("are found from the configuration file's place, not from core's", async () => {
    install(
      "@switchyard/kinesis",
      { exports: { ".": { types: "./x.d.ts", default: "./index.js" } } },
      ADAPTER("kinesis"),
    );
    put("switchyard.config.yaml", using("kinesis"));
    put("deep/er/x.txt", "");
    expect(await loaded()).toBe("kinesis");
    expect((await from({ adapters: [], cwd: join(folder, "deep/er") })).connections["aws"]?.adapter.name).toBe(
      "kinesis",
    );
  });

  it("may be any package, import-only ones too, or a file", async () => {
    install("@acme/nats", { exports: { import: "./index.js" } }, ADAPTER("acme-nats"));
    put("switchyard.config.yaml", using("@acme/nats"));
    expect(await loaded()).toBe("acme-nats");
    put("adapters/own.mjs", ADAPTER("own"));
    put("switchyard.config.yaml", using("./adapters/own.mjs"));
    expect(await loaded()).toBe("own");
  });

  it("say what else is missing", async () => {
    put("switchyard.config.yaml", using("@acme/broken"));
    install("@acme/broken", { exports: "./index.js" }, 'import "@aws-sdk/client-nothing/sub";');
    expect((await refused({ adapters: [] })).message).toContain(
      "@acme/broken needs @aws-sdk/client-nothing, which is not installed: npm install @aws-sdk/client-nothing",
    );
    install("@acme/wrong", { exports: "./index.js" }, "export const adaptor = 1;");
    put("switchyard.config.yaml", using("@acme/wrong"));
    expect((await refused({ adapters: [] })).message).toContain("@acme/wrong exports no adapter");
  });

  it("given in code are not loaded", async () => {
    const plan = await resolve({ ...base(), connections: { aws: { use: "@switchyard/aws", region: "x" } } });
    expect(plan.connections["aws"]?.adapter).toBe(adapters.find(({ name }) => name === "aws"));
  });
});
