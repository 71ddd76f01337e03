/** What `npm run check` holds documents and the lockfile to: that ours pass, and that each kind of fault is found where it is. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { anchorsOf, codeFaults, commentFaults, documents, linkFaults, sources } from "../scripts/check-documents.ts";
import { configurationFaults } from "../scripts/document-configuration.ts";
import { lockfileFaults } from "../scripts/check-lockfile.ts";
import { root } from "./support/workspace.ts";

test("links, anchors, code and configuration of our own documents hold", async () => {
  const all = documents();
  expect(all.map(({ path }) => path)).toEqual(
    expect.arrayContaining(["README.md", "CONTRIBUTING.md", "docs/contract.md", "packages/core/README.md"]),
  );
  expect([...all.flatMap(linkFaults), ...codeFaults(all), ...(await configurationFaults(all))]).toEqual([]);
}, 60_000);

test.each([
  ["a file that is not there", "[a](nowhere.md)", "nowhere.md leads nowhere"],
  ["a heading that is not in this document", "[a](#no-such)", "#no-such is no heading of this document"],
  ["a heading that is not in another", "[a](README.md#no-such)", "README.md#no-such is no heading of README.md"],
  ["a reference", "[a]: docs/nowhere.md", "docs/nowhere.md leads nowhere"],
  [
    "our own address",
    "[a](https://github.com/switchyard-js/switchyard/tree/main/packages/none#readme)",
    "https://github.com/switchyard-js/switchyard/tree/main/packages/none#readme leads nowhere",
  ],
])("a link is followed to %s, and named with its line", (_, link, fault) => {
  expect(linkFaults({ path: "PAGE.md", text: `# Page\n\n${link}\n` })).toEqual([`PAGE.md:3: ${fault}`]);
});

test("a configuration that does not resolve is found, in each profile, and a part of one that no file could have", async () => {
  const faultsOf = (info: string, yaml: string) =>
    configurationFaults([{ path: "PAGE.md", text: `# Page\n\n\`\`\`yaml${info}\n${yaml}\n\`\`\`\n` }]);
  const base = "channels: { orders: { model: queue, on: memory, groups: { billing: {} } } }";
  expect(
    await faultsOf(
      " switchyard.config.yaml",
      `${base}\nprofiles: { log: { channels: { orders: { model: stream } } } }`,
    ),
  ).toEqual([]);
  expect(await faultsOf(" switchyard.config.yaml", base.replace("memory", "nowhere"))).toEqual([
    expect.stringMatching(/^PAGE\.md:4: channels\.orders\.on: .*nowhere/),
  ]);
  expect(
    await faultsOf(" switchyard.config.yaml", `${base}\nprofiles: { far: { channels: { orders: { on: nowhere } } } }`),
  ).toEqual([expect.stringMatching(/^PAGE\.md:4: profile far: profiles\.far\.channels\.orders\.on: /)]);
  expect(await faultsOf("", "policies: { default: { retry: { attempts: many } } }")).toEqual([
    expect.stringMatching(/^PAGE\.md:4: policies\.default\.retry\.attempts: /),
  ]);
  expect(await faultsOf("", "kind: Deployment")).toEqual([]);
});

test("documents that comments name are there, and their anchors are headings", () => {
  const all = sources();
  expect(all.map(({ path }) => path)).toContain("packages/core/src/publish/send/outgoing-message.ts");
  expect(all.flatMap(commentFaults)).toEqual([]);
});

test("a comment that names no document of ours, or no heading of one, is found with its line", () => {
  const text =
    "/**\n * As docs/v8.md says: docs/v8.md#pretenuring, docs/v8.md#no-such.\n */\nconst a = 1; // (docs/v8.md)\n";
  expect(commentFaults({ path: "a.ts", text })).toEqual(["a.ts:2: docs/v8.md#no-such is no heading of docs/v8.md"]);
  expect(commentFaults({ path: "a.ts", text: "// docs/nowhere.md\n" })).toEqual([
    "a.ts:1: docs/nowhere.md leads nowhere",
  ]);
});

test("links that lead somewhere, to other sites or stand in code are left alone", () => {
  const text =
    "# A page\n\n[a](#a-page) [b](README.md#quick-start) [c](https://example.org/x#y) `[d](none.md)`\n\n```sh\n[e](none.md)\n```\n";
  expect(linkFaults({ path: "PAGE.md", text })).toEqual([]);
});

test("anchors are made as GitHub makes them", () => {
  expect([...anchorsOf("# Pub/sub: `a_b`, [c](d.md)\n## Twice\n## Twice\n```sh\n# code\n```\n")]).toEqual([
    "pubsub-a_b-c",
    "twice",
    "twice-1",
  ]);
});

test("code without a file name, and code that does not compile, is named with its line", () => {
  const text =
    '# Page\n\n```ts\nlet a = 1;\n```\n\n```ts page.ts\nexport const b = 1;\nexport const c: number = "c";\n```\n';
  expect(codeFaults([{ path: "PAGE.md", text }])).toEqual([
    "PAGE.md:3: name the block's file, as in ```ts example.ts",
    expect.stringMatching(/^PAGE\.md:9: error TS2322: /),
  ]);
}, 60_000);

test("our lockfile has every package, for every platform", () => {
  expect(lockfileFaults(JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")))).toEqual([]);
});

test("a lockfile that lacks another platform's package, or its checksum, is found out", () => {
  const packages = {
    "": { dependencies: { tool: "1.0.0" } },
    "node_modules/tool": {
      integrity: "sha512-a",
      optionalDependencies: { "@tool/linux-x64": "1.0.0", "@tool/darwin-arm64": "1.0.0" },
    },
    "node_modules/tool/node_modules/@tool/linux-x64": { version: "1.0.0" },
  };
  expect(lockfileFaults({ packages })).toEqual([
    "node_modules/tool needs @tool/darwin-arm64@1.0.0, which is not in the lockfile",
    "node_modules/tool/node_modules/@tool/linux-x64 has no integrity",
  ]);
});
