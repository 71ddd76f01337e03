import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Io, UsageError } from "./io.ts";
import { findProject } from "./project.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "switchyard-project-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (path: string, text: string) => {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const io = (cwd = ".", env = {}) => ({ env, cwd: join(folder, cwd), signal: new AbortController().signal }) as Io;
const CHANNELS = `
  const schema = { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) } };
  const made = (name) => ({ "~switchyard": "channel", name, messages: { it: schema }, needs: {} });
  export const orders = made("orders");
  export const more = { mail: made("mail") };
  export const consumers = [{ "~switchyard": "consumer", channel: made("clicks"), group: "main", kind: "single", handlers: {} }];
  export const service = "billing";
`;
const names = async (...of: Parameters<typeof findProject>) =>
  (await findProject(...of)).channels.map(({ name }) => name).sort();

test("channels come from --channels, alone, in objects, and through consumers", async () => {
  write("package.json", "{}");
  write("src/channels.mjs", CHANNELS);
  const project = await findProject({ channels: ["src/channels.mjs"] }, io());
  expect(project.channels.map(({ name }) => name).sort()).toEqual(["clicks", "mail", "orders"]);
  expect(project.consumers).toHaveLength(1);
  expect(project.service).toBe("billing");
});

test("else from package.json, which also names the service, from any folder below", async () => {
  write("package.json", JSON.stringify({ switchyard: { channels: "./c.mjs", service: "shop" } }));
  write("c.mjs", CHANNELS);
  mkdirSync(join(folder, "deep/er"), { recursive: true });
  expect(await names({}, io("deep/er"))).toEqual(["clicks", "mail", "orders"]);
  expect((await findProject({}, io("deep/er"))).service).toBe("shop");
  expect((await findProject({ service: "mine" }, io("deep/er"))).service).toBe("mine");
});

test("else from a configuration that is code", async () => {
  write("package.json", "{}");
  write("switchyard.config.mjs", `${CHANNELS} export default {};`);
  expect(await names({}, io())).toEqual(["clicks", "mail", "orders"]);
});

test("a configuration in a folder above the package is not run, unless it is named", async () => {
  write("switchyard.config.mjs", `globalThis.planted = true; ${CHANNELS} export default {};`);
  write("service/package.json", "{}");
  await expect(findProject({}, io("service"))).rejects.toThrow("outside of this package");
  expect("planted" in globalThis).toBe(false);
  expect(await names({ config: "../switchyard.config.mjs" }, io("service"))).toEqual(["clicks", "mail", "orders"]);
  Reflect.deleteProperty(globalThis, "planted");
});

test.each([
  ["nothing", {}, "{}", "--channels src/channels.ts"],
  ["a file that does not exist", { channels: ["no.mjs"] }, "{}", "does not exist"],
  ["a module without channels", { channels: ["empty.mjs"] }, "{}", "exports no channel"],
  ["a module that fails", { channels: ["broken.mjs"] }, "{}", "cannot be imported: no good"],
  ["a package.json that is wrong", {}, '{"switchyard": {"channels": 5}}', '"switchyard" must be'],
  ["a package.json that is not JSON", {}, "{", "not valid JSON"],
])("%s is refused with what to write", async (_, options, manifest, said) => {
  write("package.json", manifest);
  write("empty.mjs", "export const it = 1;");
  write("broken.mjs", "throw new Error('no good')");
  const refused = findProject(options, io());
  await expect(refused).rejects.toThrow(said);
  await expect(refused).rejects.toBeInstanceOf(UsageError);
});

describe("a configuration in YAML above the package", () => {
  const PLANTED = "globalThis.planted = true; export const adapter = {};";
  const yaml = (use: string) =>
    `connections: { theirs: { use: ${use} } }\nchannels: { orders: { model: queue, on: theirs, groups: { main: {} } } }\n`;
  const explained = async (use: string, dependencies = {}, options = {}) => {
    write("switchyard.config.yaml", yaml(use));
    write("evil.mjs", PLANTED);
    write(
      "node_modules/@acme/evil/package.json",
      '{ "name": "@acme/evil", "type": "module", "exports": "./index.js" }',
    );
    write("node_modules/@acme/evil/index.js", PLANTED);
    write("service/package.json", JSON.stringify({ dependencies, devDependencies: { listed: "*" } }));
    write("service/node_modules/listed/package.json", '{ "name": "listed" }');
    write(
      "service/channels.mjs",
      `${CHANNELS.replace("export const more", "const more").replace("export const consumers", "const consumers")}`,
    );
    return (await findProject({ channels: ["channels.mjs"], ...options }, io("service"))).explain();
  };
  afterEach(() => void Reflect.deleteProperty(globalThis, "planted"));

  test.each(["./evil.mjs", "../evil.mjs", "evil/index.js", "'@acme/evil'", "listed/../../../evil.mjs"])(
    "is read, but does not run what it names beside itself: %s",
    async (use) => {
      await expect(explained(use)).rejects.toThrow("whose package.json does not list it");
      expect("planted" in globalThis).toBe(false);
    },
  );

  test("is not run by an absolute path either", async () => {
    await expect(explained(join(folder, "evil.mjs"))).rejects.toThrow("whose package.json does not list it");
    expect("planted" in globalThis).toBe(false);
  });

  test("imports what the package lists, as the packages of a repository that share one do", async () => {
    await expect(explained("'@acme/evil'", { "@acme/evil": "*" })).rejects.toThrow("exports no adapter");
    expect("planted" in globalThis).toBe(true);
  });

  test("that is named with --config is trusted", async () => {
    await expect(explained("./evil.mjs", {}, { config: "../switchyard.config.yaml" })).rejects.toThrow("no adapter");
    expect("planted" in globalThis).toBe(true);
  });
});

// Only root may give files to others.
test.skipIf(process.getuid?.() !== 0)("what another user left in a folder above is not used at all", async () => {
  write("package.json", JSON.stringify({ switchyard: { channels: "./c.mjs" } }));
  write("c.mjs", `globalThis.planted = true; ${CHANNELS}`);
  mkdirSync(join(folder, "mine"));
  const stranger = 12_345;
  chownSync(join(folder, "package.json"), stranger, stranger);
  await expect(findProject({}, io("mine"))).rejects.toThrow("belongs to another user");
  expect("planted" in globalThis).toBe(false);
  // Theirs is the folder, too.
  chownSync(join(folder, "mine"), stranger, stranger);
  expect(await names({}, io("mine"))).toEqual(["clicks", "mail", "orders"]);
  Reflect.deleteProperty(globalThis, "planted");
});
