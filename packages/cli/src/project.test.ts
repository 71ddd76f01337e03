import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
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
