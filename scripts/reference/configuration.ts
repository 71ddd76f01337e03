/** docs/reference/configuration.md: every key of the configuration, and every option of a connection. */
import { type Option, optionsOf } from "./option-schema.ts";
import { cell, code, declarationOf, GENERATED, type Node, type Source, sourceOf } from "./source.ts";

const FILE = "packages/core/src/api/config-input.ts";

interface Section {
  readonly title: string;
  readonly before: string;
  readonly intro: string;
  readonly interfaces: readonly string[];
}

const SECTIONS: readonly Section[] = [
  { title: "The file", before: "", intro: "", interfaces: ["LayerInput", "ConfigInput"] },
  {
    title: "Connections",
    before: "connections.<name>.",
    intro: "The other keys are [options of the adapter](#options-of-memory).",
    interfaces: ["ConnectionBasics"],
  },
  { title: "Channels", before: "channels.<name>.", intro: "", interfaces: ["ChannelInput"] },
  { title: "Publishing", before: "channels.<name>.publish.", intro: "", interfaces: ["PublishInput"] },
  { title: "Compression", before: "channels.<name>.compress.", intro: "", interfaces: ["CompressInput"] },
  { title: "Encryption", before: "channels.<name>.encrypt.", intro: "", interfaces: ["EncryptInput"] },
  { title: "Claim check", before: "channels.<name>.claimCheck.", intro: "", interfaces: ["ClaimCheckInput"] },
  { title: "Keys", before: "keys.<name>.", intro: "", interfaces: ["KeysInput"] },
  { title: "Groups", before: "channels.<name>.groups.<name>.", intro: "", interfaces: ["GroupInput"] },
  {
    title: "Circuit breaker",
    before: "channels.<name>.groups.<name>.breaker.",
    intro: "",
    interfaces: ["BreakerInput"],
  },
  { title: "Rate limit", before: "channels.<name>.groups.<name>.rate.", intro: "", interfaces: ["RateInput"] },
  { title: "Batches", before: "channels.<name>.groups.<name>.batch.", intro: "", interfaces: ["BatchInput"] },
  { title: "Policies", before: "policies.<name>.", intro: "", interfaces: ["PolicyInput"] },
  { title: "Retries", before: "policies.<name>.retry.", intro: "", interfaces: ["RetryInput", "RetriesInput"] },
];

const ADAPTERS: readonly {
  readonly name: string;
  readonly file: string;
  readonly of: string;
  readonly also: string;
}[] = [
  { name: "memory", file: "packages/memory/src/options.ts", of: "MemoryOptions", also: "" },
  { name: "sqs", file: "packages/sqs/src/options.ts", of: "sqsOptions", also: "" },
  {
    name: "sns",
    file: "packages/sns/src/options.ts",
    of: "snsOptions",
    also: "It has all [options of sqs](#options-of-sqs), and these:",
  },
  { name: "kinesis", file: "packages/kinesis/src/options.ts", of: "kinesisOptions", also: "" },
  { name: "amqp", file: "packages/amqp/src/options.ts", of: "amqpOptions", also: "This is RabbitMQ." },
];

export function configurationPage(): string {
  const source = sourceOf(FILE);
  const sections = SECTIONS.map(({ title, before, intro, interfaces }) => {
    const options = interfaces.flatMap((name) => optionsOfInterface(source, name));
    const under = before === "" ? "" : `Under \`${before.slice(0, -1)}\`. `;
    return `## ${title}\n\n${`${under}${intro}`.trim()}\n\n${table(options)}`.replace("\n\n\n\n", "\n\n");
  });
  const claims = table(optionsOf("packages/claim-check/src/options.ts", "claimCheckOptions"));
  const keys = table(optionsOf("packages/encryption/src/options.ts", "keysOptions"));
  const adapters = ADAPTERS.map(({ name, file, of, also }) => {
    const options = of === "MemoryOptions" ? optionsOfInterface(sourceOf(file), of) : optionsOf(file, of);
    return (
      `## Options of ${name}\n\nUnder \`connections.<name>\`, with \`use: ${name}\`. ${also}`.trim() +
      `\n\n${table(options)}`
    );
  });
  return `# Configuration

${GENERATED}

Every key of \`switchyard.config.yaml\` (or \`.json\`, or \`.ts\` with \`defineConfig\`), with its type, default and meaning.

\`\`\`yaml switchyard.config.yaml
prefix: dev
connections:
  local: { use: memory }
channels:
  orders:
    model: queue
    on: local
    groups: { billing: { concurrency: 20, hold: 2m } }
policies:
  default: { retry: { attempts: 8, first: 500ms } }
\`\`\`

A duration is text such as \`250ms\`, \`30s\`, \`15m\`, \`12h\` or \`4d\`; a bare number is milliseconds. A name is kebab-case.
A mistake in the configuration is the error [\`invalid-config\`](errors.md), which names every mistake at once, with its place.
Profiles override the base: see [profile and overlay](../concepts/profile.md). Variables override both: see [environment variables](environment.md).
Settings under \`native\` belong to one transport: its page lists them
([SQS](../transports/sqs.md), [SNS](../transports/sns.md), [Kinesis](../transports/kinesis.md), [RabbitMQ](../transports/rabbitmq.md)).

${sections.join("\n\n")}

${adapters.join("\n\n")}

## Options of aws

Under \`connections.<name>\`, with \`use: aws\`. It has all [options of sqs](#options-of-sqs) and [of sns](#options-of-sns), and \`kinesis\`,
with the [options of kinesis](#options-of-kinesis) for streams. Region, endpoint, profile, \`allowInsecure\` and \`fast\` are the same for every service unless \`kinesis\` says otherwise.

## Options of the claim check

Under \`channels.<name>.claimCheck\`, with a \`store\` of \`@switchyard/claim-check\`. See [large messages](../guides/claim-check.md).

${claims}

## Options of keys

Under \`keys.<name>\`, with a \`use\` of \`@switchyard/encryption\`. See [encryption](../guides/encryption.md).

${keys}
`;
}

/** The members of an interface in the sources, as options. */
function optionsOfInterface(source: Source, name: string): readonly Option[] {
  return (declarationOf(source, name).declaration["body"].body as readonly Node[])
    .filter(({ type }) => type === "TSPropertySignature")
    .map((member) => {
      const written = source.textOf(member["typeAnnotation"].typeAnnotation as Node);
      const key = member["key"].name as string;
      const doc = source.docOf(member) ?? "";
      if (doc === "") throw new Error(`${source.path}: ${name}.${key} has no doc comment`);
      return { key, type: plainType(source, written), doc, optional: member["optional"] === true };
    });
}

/** What a user may write, without the parameters that tell the base from a profile. */
function plainType(source: Source, written: string): string {
  return written
    .replace(/\s*\|\s*Null\b/g, "")
    .replace(/^\| /, "")
    .replace(/readonly /g, "")
    .replace(/Readonly<Record<string, (\w+)(?:<[^>]*>)?(?: \| "\w+")*>>/g, "a section for each name")
    .replace(/^Readonly<Record<string, .*$/, "a section for each name")
    .replace(/^\w+Input(?:<\w+>)?$|^RetriesInput<\w+>$/, "a section")
    .replace("Exclude<Position, object>", '"earliest" | "latest"')
    .replace(/\bModel\b/, '"queue" | "pubsub" | "stream"')
    .replace(/\bDuration\b/, "duration")
    .replace(/\bstring\b/g, "text")
    .replace(/\bboolean\b/g, "true | false")
    .replace(/\btext\[\]/g, "list of text")
    .replace(/\b(Form|Backoff|Provision)\b/g, (name) => aliasOf(source, name));
}

const aliasOf = (source: Source, name: string): string =>
  source.textOf(declarationOf(source, name).declaration["typeAnnotation"] as Node);

/** A sentence that says nothing but the default, after other sentences. Its column says it. */
const SHORT_DEFAULT = /(?<=\.)\s+Default:? [^.:;]*(?:\.\d[^.:;]*)?\.(?=\s|$)/;

/** What happens without the key, as its doc comment says it: the words after "Default", the value called the default, or that it is required. */
function defaultOf({ key, doc, optional, fallback }: Option): string {
  const said = /(?:^|[\s(;])[Dd]efault:? (.+?)(?=\.(?:\s|$)|[;:]|$)/s.exec(doc)?.[1];
  if (said !== undefined)
    return said.replace(/^\d[\d.,]*(?<!,)\w*(?: (?:MiB|days))?/, code).replace(/^(true|false)$/, code);
  const marked = /(`[^`]+`|`\("[^"]+"\)`) \(the default\)|\((`[^`]+`), the default\)|or waits \((`[^`]+`)/.exec(doc);
  if (marked !== null) return (marked[1] ?? marked[2] ?? marked[3]) as string;
  if (fallback !== undefined) return code(fallback);
  const required = /Required[^.]*/.exec(doc)?.[0];
  if (required !== undefined) return required.toLowerCase();
  if (/no default/.test(doc) || !optional) return key === "prefix" ? "required, with an exception" : "required";
  return "not set";
}

function table(options: readonly Option[]): string {
  const rows = options.map((option) => {
    if (option.doc === "") throw new Error(`the option ${option.key} has no doc comment`);
    const meaning = option.doc.replace(SHORT_DEFAULT, "");
    return `| ${code(option.key)} | ${cell(option.type)} | ${cell(defaultOf(option))} | ${cell(meaning)} |`;
  });
  return ["| key | type | default | meaning |", "|---|---|---|---|", ...rows].join("\n");
}
