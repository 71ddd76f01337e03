/** docs/reference/environment.md: every environment variable that is read. */
import { globSync } from "node:fs";
import { root } from "../../test/support/workspace.ts";
import { cell, code, GENERATED, type Node, sourceOf, walk } from "./source.ts";

/** What our own code reads by name. One that is read and not here, or here and not read, is a fault. */
const READ: Readonly<Record<string, string>> = {
  SWITCHYARD_PROFILE:
    "The [profile](../concepts/profile.md) of the configuration, unless `connect({ profile })` names one. Empty: none. `NODE_ENV` is never used.",
  NO_COLOR: "Not empty: the [command line](../guides/command-line.md) writes no colours.",
  FORCE_COLOR: "The command line writes colours to anything; `0` or `false`: to nothing. It goes before `NO_COLOR`.",
  TERM: "`dumb`: the command line writes no colours and no progress.",
  AWS_PROFILE: "Shown in errors of AWS. The AWS SDK reads it as well: see below.",
};

/** Variables whose names are read by a computed name: `env[variable]`. */
const PREFIX = "SWITCHYARD__";

export function environmentFaults(): readonly string[] {
  const found = new Set(namesRead());
  const faults = [...found].filter((name) => !(name in READ)).map((name) => `${name} is read and not documented`);
  for (const name of Object.keys(READ)) if (!found.has(name)) faults.push(`${name} is documented and not read`);
  return faults;
}

function namesRead(): readonly string[] {
  const files = globSync("packages/*/src/**/*.ts", { cwd: root }).filter(
    (path) => !/\.test\.ts$|\/fixtures\//.test(path),
  );
  return files.flatMap((path) => {
    const source = sourceOf(path.replaceAll("\\", "/"));
    if (!/\benv\b/.test(source.text)) return [];
    const isEnv = (node: Node | null): boolean => node !== null && /\benv$/.test(source.textOf(node));
    return [...walk(source.body)]
      .flatMap(({ type, object, property, id, init }): unknown[] => {
        if (type === "MemberExpression" && isEnv(object as Node)) return [property.value];
        // `const { NAME: name } = env`.
        if (type !== "VariableDeclarator" || id.type !== "ObjectPattern" || !isEnv(init as Node | null)) return [];
        return (id.properties as readonly Node[]).map(({ key }) => key?.name);
      })
      .filter((name): name is string => typeof name === "string" && /^[A-Z][A-Z0-9_]*$/.test(name));
  });
}

/** The options of `npx @switchyard/contract`, from its help. */
function contractRows(): readonly string[] {
  const { text } = sourceOf("packages/contract/src/command/options.ts");
  const help = /HELP = `([\s\S]*?)^Each option/m.exec(text)?.[1] ?? "";
  return [...help.matchAll(/^ {2}--([a-z-]+) \S+ +(.*(?:\n {10,}\S.*)*)$/gm)].map(([, flag = "", words = ""]) => {
    const name = `SWITCHYARD_CONTRACT_${flag.replaceAll("-", "_").toUpperCase()}`;
    return `| ${code(name)} | ${code(`--${flag}`)} | ${cell(words.replace(/\s+/g, " "))} |`;
  });
}

export function environmentPage(): string {
  const rows = Object.entries(READ).map(([name, text]) => `| ${code(name)} | ${cell(text)} |`);
  return `# Environment variables

${GENERATED}

Every environment variable that is read. \`connect({ env })\` gives other variables than \`process.env\`.

\`\`\`sh
SWITCHYARD_PROFILE=production SWITCHYARD__CHANNELS__ORDERS__GROUPS__BILLING__CONCURRENCY=20 node service.ts
\`\`\`

## By Switchyard

| variable | meaning |
|---|---|
${rows.join("\n")}
| \`${PREFIX}...\` | One key of the configuration: see below. |

## Any key of the configuration

A variable that begins with \`${PREFIX}\` sets one key. It overrides the file and the profile.

- Two underscores separate the parts of the key. One underscore stands for a hyphen in a name, and for the boundary before a capital in a key:
  \`SWITCHYARD__CHANNELS__VIDEO_UPLOADS__ON=memory\`, \`SWITCHYARD__CHANNELS__ORDERS__GROUPS__BILLING__MAX_IN_FLIGHT=40\`.
- The value is read as a scalar of YAML: \`20\` is a number, \`true\` is true, \`2m\` is text.
- \`null\` removes what the file says, as \`null\` does in a profile.
- A variable that matches no key is the error [\`invalid-config\`](errors.md#invalid-config), as are two that set the same key.

The file itself can name variables: \`\${NAME}\` and \`\${NAME:-default}\` in any text, and \`$\${\` for a literal \`\${\`.
A variable that is missing is a mistake only if its value is used.

## By the AWS SDK

The connection's own options come first. Without them the SDK looks where it always does. Its documentation lists
[all of its variables](https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html#EVarSettings) and says
[how it finds credentials](https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/setting-credentials-node.html). The usual ones:

| variable | meaning |
|---|---|
| \`AWS_REGION\` | The region. |
| \`AWS_PROFILE\` | The profile of the shared configuration files. |
| \`AWS_ENDPOINT_URL\`, \`AWS_ENDPOINT_URL_SQS\`, \`..._SNS\`, \`..._KINESIS\`, \`..._DYNAMODB\` | The endpoint: for a local emulator, for example. |
| \`AWS_ACCESS_KEY_ID\`, \`AWS_SECRET_ACCESS_KEY\`, \`AWS_SESSION_TOKEN\` | Credentials. The SDK has more ways to find them. |

## By the contract suite

\`npx @switchyard/contract\` reads each of its options from the environment as well. The command line wins.

| variable | option | meaning |
|---|---|---|
${contractRows().join("\n")}
`;
}
