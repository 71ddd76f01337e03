/** Resolves what the messages of a channel pass: `compress`, `encrypt`, `claimCheck`, and the entries of `keys` that they use. */
import { formatByteSize, parseByteSize } from "../../api/byte-size.ts";
import type { ChannelInput, PolicyInput } from "../../api/config-input.ts";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ChannelPlan, ContentPlan, KeysPlan } from "../../plan/plan.ts";
import type { Extension } from "../../pipeline/extension.ts";
import { didYouMean, listed } from "../../base/suggest.ts";
import { epoch } from "../layers/schema.ts";
import type { Section } from "../layers/section.ts";
import { allowed, type Extensions } from "./extensions.ts";
import type { Resolving } from "./locate.ts";
import type { ResolveContext } from "./resolve-context.ts";

/** The default of `compress.above`: below 4 KiB the attributes and the time cost more than the bytes saved. */
const COMPRESS_ABOVE = 4 * 1_024;
const CODINGS = { brotli: "br", gzip: "gzip", zstd: "zstd" } as const;

/** Resolves entries of `keys` on demand. An entry that no channel uses is neither loaded nor reported. */
export class KeyEntries {
  readonly used = new Map<string, KeysPlan>();
  readonly #context: ResolveContext;
  readonly #extensions: Extensions;
  readonly #tried = new Map<string, Promise<KeysPlan | undefined>>();

  constructor(context: ResolveContext, extensions: Extensions) {
    this.#context = context;
    this.#extensions = extensions;
  }

  /** `where` is the place that names the entry. */
  async use(name: string, where: string): Promise<KeysPlan | undefined> {
    const { problems, layers } = this.#context;
    const known = layers.names("keys");
    if (!known.includes(name)) {
      if (this.#context.excused("keys", name)) return undefined;
      const all = known.length === 0 ? "there are none" : `keys: ${listed(known)}`;
      problems.add(where, `no entry ${this.#context.quote(where, name)} in keys; ${all}.${didYouMean(name, known)}`);
      return undefined;
    }
    const trying = this.#tried.get(name) ?? this.#resolve(name);
    this.#tried.set(name, trying);
    const plan = await trying;
    if (plan !== undefined) this.used.set(name, plan);
    return plan;
  }

  async #resolve(name: string): Promise<KeysPlan | undefined> {
    const context = this.#context;
    const section = context.layers.key(name);
    context.reportUnfilled(section, "keys", [name]);
    const { use, ...given } = section.value;
    context.secrets.addFrom(given);
    if (use === undefined) {
      if (!context.excused("keys", name, "use"))
        context.problems.add(section.where("use"), `missing; set it to ${allowed("keys")}`);
      return undefined;
    }
    const found = await this.#extensions.find("keys", use as string | Extension);
    if ("problem" in found) {
      context.problems.add(section.where("use"), found.problem);
      return undefined;
    }
    const options = await checked(context, section, ["keys", name], [], found.extension, section.value);
    return options === undefined ? undefined : { name, extension: found.extension, options: options.value };
  }
}

/** Validates options with the extension's schema. `inside` is the path of the options within the section. */
async function checked(
  context: ResolveContext,
  section: Section,
  place: readonly string[],
  inside: readonly string[],
  extension: { readonly options: StandardSchemaV1 },
  given: unknown,
): Promise<{ readonly value: unknown } | undefined> {
  const result = await extension.options["~standard"].validate(given);
  if (result.issues === undefined) return { value: result.value };
  for (const { message, path = [] } of result.issues) {
    const keys = path.map((step) => String(typeof step === "object" ? step.key : step));
    if (context.excused(...place, ...inside, ...keys)) continue;
    context.problems.add(section.where(...inside, ...keys), message);
  }
  return undefined;
}

export async function resolveContent(
  resolving: Resolving,
  keys: KeyEntries,
  extensions: Extensions,
): Promise<ContentPlan | undefined> {
  const { input } = resolving;
  const compress = compressOf(resolving, input);
  const encrypt = await encryptOf(resolving, keys);
  const claimCheck = await claimCheckOf(resolving, extensions);
  checkNeed(resolving, encrypt);
  if (compress === undefined && encrypt === undefined && claimCheck === undefined) return undefined;
  return {
    ...(compress === undefined ? {} : { compress }),
    ...(encrypt === undefined ? {} : { encrypt }),
    ...(claimCheck === undefined ? {} : { claimCheck }),
  };
}

function compressOf({ context, section }: Resolving, { compress }: ChannelInput): ContentPlan["compress"] {
  if (compress === undefined) return undefined;
  if (compress.with === undefined) {
    context.problems.add(section.where("compress", "with"), "missing; set it to brotli, gzip or zstd");
    return undefined;
  }
  if (compress.with === "zstd" && !hasZstd()) {
    const why = `Node ${process.versions.node} has no zstd; use Node 22.15 or later, or with: brotli`;
    context.problems.add(section.where("compress", "with"), why);
  }
  return { above: parseByteSize(compress.above) ?? COMPRESS_ABOVE, with: CODINGS[compress.with] };
}

/** Node has zstd from 22.15 and 23.8 on. Asked without loading zlib, because most configurations compress nothing. */
function hasZstd(): boolean {
  return process.versions["zstd"] !== undefined;
}

async function encryptOf(resolving: Resolving, keys: KeyEntries): Promise<ContentPlan["encrypt"]> {
  const { context, section, input, naming, connected } = resolving;
  const { encrypt } = input;
  if (encrypt === undefined) return undefined;
  if (encrypt.keys === undefined) {
    const known = context.layers.names("keys");
    const all = known.length === 0 ? "there are none yet" : `keys: ${listed(known)}`;
    context.problems.add(section.where("encrypt", "keys"), `missing; set it to the name of an entry of keys; ${all}`);
    return undefined;
  }
  const { accept = "required" } = encrypt;
  const untilMs = encrypt.until === undefined ? undefined : epoch(encrypt.until);
  if (accept === "optional" && untilMs === undefined) {
    const why = "accept: optional reads unencrypted messages, so it must end: set until to a date, such as 2027-02-01";
    context.problems.add(section.where("encrypt", "accept"), why);
  }
  if (accept === "required" && encrypt.until !== undefined)
    context.problems.add(section.where("encrypt", "until"), "until belongs to accept: optional; leave it out");
  const used = await keys.use(encrypt.keys, section.where("encrypt", "keys"));
  if (used === undefined) return undefined;
  const ephemeral = (used.options as { use?: unknown } | undefined)?.use === "ephemeral";
  if (ephemeral && connected.adapter.name !== "memory") {
    const why = `keys.${used.name} is ephemeral: it is lost with this process, and "${connected.name}" keeps messages longer`;
    context.problems.add(section.where("encrypt", "keys"), `${why}; use local or kms`);
  }
  const own = encrypt.context ?? naming.channel;
  return {
    keys: used.name,
    context: own,
    contexts: contextsOf(resolving, own),
    accept,
    ...(untilMs === undefined ? {} : { untilMs }),
  };
}

async function claimCheckOf(resolving: Resolving, extensions: Extensions): Promise<ContentPlan["claimCheck"]> {
  const { context, section, input, naming } = resolving;
  if (input.claimCheck === undefined) return undefined;
  const { store, above, ...given } = input.claimCheck;
  if (store === undefined) {
    context.problems.add(section.where("claimCheck", "store"), `missing; set it to ${allowed("claim-check")}`);
    return undefined;
  }
  const found = await extensions.find("claim-check", store as string | Extension);
  if ("problem" in found) {
    context.problems.add(section.where("claimCheck", "store"), found.problem);
    return undefined;
  }
  const { extension } = found;
  const options = await checked(context, section, ["channels", naming.channel], ["claimCheck"], extension, {
    store,
    ...given,
  });
  if (options === undefined) return undefined;
  const aboveBytes = parseByteSize(above);
  return {
    store: typeof store === "string" ? store : (extension.names[0] ?? "a store"),
    extension,
    options: options.value,
    ...(aboveBytes === undefined ? {} : { above: aboveBytes }),
  };
}

function checkNeed({ context, section, shape }: Resolving, encrypt: ContentPlan["encrypt"]): void {
  if (shape.needs.encryption !== true || encrypt !== undefined) return;
  if (context.excused("channels", shape.name, "encrypt")) return;
  const why = `"${shape.name}" needs encryption, and nothing encrypts it`;
  context.problems.add(section.where("encrypt"), `${why}; set encrypt: { keys: <an entry of keys> }`);
}

/**
 * The contexts that a channel may read: its own, and those of the configured channels whose dead letters come to it. They need not be
 * channels of this process: a service that handles dead letters may know no other channel.
 */
function contextsOf({ context, naming }: Resolving, own: string): readonly string[] {
  const { layers } = context;
  const sources = layers.names("channels").filter((name) => {
    const { groups = {}, policy } = layers.channel(name).value as ChannelInput;
    const policies = Object.values(groups).map((group) => group?.policy ?? policy ?? "default");
    return policies.some((each) => {
      const { deadLetter } = layers.policy(each).value as PolicyInput;
      return typeof deadLetter === "object" && deadLetter.channel === naming.channel;
    });
  });
  const theirs = sources.flatMap((name) => {
    const { encrypt } = layers.channel(name).value as ChannelInput;
    return encrypt === undefined ? [] : [encrypt.context ?? name];
  });
  return [...new Set([own, ...theirs])];
}

/** What `explain()` prints of a content. */
export function explainContent({ content, publish }: Pick<ChannelPlan, "content" | "publish">): readonly string[] {
  const { compress, encrypt, claimCheck } = content ?? {};
  const { atRest } = publish;
  const lines: string[] =
    atRest === undefined
      ? []
      : [`at rest: encryption ${atRest === "required" ? "required" : "assumed where the broker cannot tell"}`];
  if (compress !== undefined) lines.push(`compressed with ${compress.with} above ${formatByteSize(compress.above)}`);
  if (encrypt !== undefined) {
    const until = encrypt.untilMs === undefined ? "" : ` until ${new Date(encrypt.untilMs).toISOString()}`;
    const accept = encrypt.accept === "required" ? "" : `; reads unencrypted messages too${until}`;
    lines.push(`encrypted with keys.${encrypt.keys}, context "${encrypt.context}"${accept}`);
  }
  if (claimCheck !== undefined) {
    const above = claimCheck.above === undefined ? "what does not fit" : `above ${formatByteSize(claimCheck.above)}`;
    const { store, extension, options } = claimCheck;
    lines.push(`stored in ${extension.place?.(options) ?? store}: ${above}`);
  }
  return lines;
}
