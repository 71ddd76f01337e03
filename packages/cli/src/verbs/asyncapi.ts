import { breaking } from "../asyncapi/breaking.ts";
import { asyncapi as documentOf, type AsyncApiDocument } from "../asyncapi/document.ts";
import type { Verb } from "../command.ts";
import { jsonOf, textOf } from "../given.ts";
import { type Io, UsageError } from "../io.ts";
import { visible } from "../visible.ts";

export const asyncapi: Verb = {
  takes: "[--breaking OLD.json]",
  words: [0, 0],
  options: {
    breaking: {
      type: "string",
      value: "FILE",
      about: "compare with this older document; exit code 3 if something breaks",
    },
    "api-version": { type: "string", value: "VERSION", about: "the version of the service's interface; default 1.0.0" },
    spec: { type: "string", value: "VERSION", about: "3.0.0 or 3.1.0, the default" },
  },
  about:
    "Prints the service's channels as an AsyncAPI document, with payloads from their schemas. With --breaking it prints what breaks publishers or consumers that stay as they are. Opens no connection.",
  example: "switchyard asyncapi > asyncapi.json",
  async run({ io, out, values, project: found }) {
    const project = await found();
    const { spec = "3.1.0" } = values;
    if (spec !== "3.0.0" && spec !== "3.1.0") throw new UsageError("--spec takes 3.0.0 or 3.1.0");
    const version = values["api-version"];
    const made = documentOf({
      explanation: await project.explain(),
      channels: project.channels,
      consumers: project.consumers,
      spec,
      ...(typeof version === "string" ? { version } : {}),
    });
    for (const { description } of Object.values(made.components.messages))
      if (description !== undefined) out.talk(visible(`warning: ${description}`));
    const old = values["breaking"];
    if (typeof old !== "string") {
      out.line(JSON.stringify(made, undefined, 2));
      return 0;
    }
    const changes = breaking(await read(old, io), made);
    if (out.json) out.document("asyncapi", { breaking: changes });
    else for (const { path, breaks, text } of changes) out.line(visible(`${path}: ${text} (breaks ${breaks})`));
    if (changes.length === 0) out.talk("nothing breaks");
    return changes.length === 0 ? 0 : 3;
  },
};

/** @throws UsageError if the file is not a document of ours. */
async function read(file: string, io: Io): Promise<AsyncApiDocument> {
  const found = jsonOf(await textOf(file, "--breaking", io), `--breaking: ${file}`) as Partial<AsyncApiDocument> | null;
  if (typeof found?.channels === "object" && typeof found.components?.messages === "object")
    return found as AsyncApiDocument;
  throw new UsageError(`--breaking: ${file} was not written by switchyard asyncapi`);
}
