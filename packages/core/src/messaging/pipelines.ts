/** Opens what the channels' messages pass: keys, stores and the pipelines over them. Loaded only if a channel has a pipeline. */
import { MessagingError } from "../api/errors.ts";
import type { Runtime } from "../driver/runtime.ts";
import { Pipeline } from "../content/pipeline.ts";
import type { Bodies } from "../consume/lease/bodies.ts";
import { BodyReader } from "../consume/lease/body-reader.ts";
import type { Preparing } from "../publish/prepared.ts";
import { Preparer } from "../publish/prepared-content.ts";
import type { ClaimCheck, ExtensionContext, Keys } from "../pipeline/extension.ts";
import type { ChannelPlan, Plan } from "../plan/plan.ts";
import { settingsKey } from "./settings-key.ts";
import type { Trouble } from "../base/troubles.ts";

type ClaimCheckPlan = NonNullable<NonNullable<ChannelPlan["content"]>["claimCheck"]>;

/** What is opened for one `connect()`. */
export class Pipelines {
  readonly #runtime: Runtime;
  readonly #plan: Plan;
  readonly #keys = new Map<string, Keys>();
  /** By their settings: channels of equal settings share a store, with its client and its connections. */
  readonly #stores = new Map<string, Promise<ClaimCheck>>();
  readonly #keyOf = settingsKey();
  readonly #pipelines = new Map<string, Pipeline>();
  readonly #troubles = new Map<string, Trouble>();

  private constructor(plan: Plan, runtime: Runtime) {
    this.#plan = plan;
    this.#runtime = runtime;
  }

  static async open(plan: Plan, runtime: Runtime): Promise<Pipelines> {
    const all = new Pipelines(plan, runtime);
    try {
      for (const channel of Object.values(plan.channels)) await all.#add(channel);
    } catch (error) {
      await all.close();
      throw error;
    }
    return all;
  }

  of(channel: string): Pipeline | undefined {
    return this.#pipelines.get(channel);
  }

  /** Prepares what is published to a channel. */
  preparing(channel: string): Preparing | undefined {
    const pipeline = this.of(channel);
    return pipeline && new Preparer(pipeline, channel);
  }

  /** Reads the bodies that a group receives. */
  bodies(channel: string, maxInFlightBytes: number): Bodies | undefined {
    const pipeline = this.of(channel);
    return pipeline && new BodyReader(pipeline, maxInFlightBytes, channel);
  }

  /** What does not work now, and channels that still accept unencrypted messages. */
  troubles(): readonly Trouble[] {
    const now = this.#runtime.now();
    const open = Object.values(this.#plan.channels).flatMap(({ channel, content }) => {
      if (content?.encrypt?.accept !== "optional") return [];
      const { untilMs = now } = content.encrypt;
      const until = new Date(untilMs).toISOString();
      const text = `"${channel}" still accepts messages that are not encrypted`;
      return untilMs > now
        ? [{ text: `${text}, until ${until}`, needsPerson: false, channel }]
        : [{ text: `${text}, although that was to end on ${until}; set accept: required`, needsPerson: true, channel }];
    });
    return [...this.#troubles.values(), ...open];
  }

  async close(): Promise<void> {
    const stores = await Promise.allSettled(this.#stores.values());
    const opened = stores.flatMap((store) => (store.status === "fulfilled" ? [store.value] : []));
    await Promise.allSettled([...this.#keys.values(), ...opened].map((each) => each.close()));
  }

  async #add({ channel, content }: ChannelPlan): Promise<void> {
    if (content === undefined) return;
    const { compress, encrypt, claimCheck } = content;
    const keys = encrypt === undefined ? undefined : await this.#keysOf(encrypt.keys);
    const cipher = encrypt === undefined ? undefined : keys?.cipher({ channel, ...encrypt });
    const store = claimCheck === undefined ? undefined : await this.#storeOf(channel, claimCheck);
    this.#pipelines.set(
      channel,
      new Pipeline({ channel, compress, cipher, claimCheck: store, claimAbove: claimCheck?.above }),
    );
  }

  async #keysOf(name: string): Promise<Keys> {
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const { extension, options } = this.#plan.keys[name]!;
    const keys = await opened(`keys.${name}`, () => extension.open(options, this.#contextOf(`keys.${name}`, name)));
    this.#keys.set(name, keys);
    return keys;
  }

  #storeOf(channel: string, { extension, options }: ClaimCheckPlan): Promise<ClaimCheck> {
    const key = this.#keyOf([extension.names, options]);
    const known = this.#stores.get(key);
    if (known !== undefined) return known;
    const where = `channels.${channel}.claimCheck`;
    const store = opened(where, () => extension.open(options, this.#contextOf(where, channel)));
    this.#stores.set(key, store);
    return store;
  }

  #contextOf(where: string, name: string): ExtensionContext {
    const { service, directory, redact = String } = this.#plan;
    return {
      runtime: this.#runtime,
      name,
      service,
      directory,
      trouble: (text, needsPerson = false) => {
        if (text === undefined) this.#troubles.delete(where);
        else this.#troubles.set(where, { text: `${where}: ${redact(text)}`, needsPerson });
      },
    };
  }
}

async function opened<T>(where: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (cause) {
    if (cause instanceof MessagingError) throw cause;
    throw new MessagingError("extension-failed", `${where} could not be opened`, { kind: "config", cause });
  }
}
