/** What changes, deletes or moves something: done only with `--yes`, announced first, and written down before it is done. */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { resolve } from "node:path";
import {
  type AnyChannel,
  type ChannelPart,
  type Messaging,
  type NamedPlace,
  type OperatorOptions,
  systemRuntime,
} from "@switchyard/core";
import type { Call, OptionSpec } from "./command.ts";
import { UsageError } from "./io.ts";
import { SHAPE } from "./output.ts";
import { visible } from "./visible.ts";

export const ACT_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  yes: { type: "boolean", about: "do it; without, only say what would be done" },
  audit: { type: "string", value: "FILE", about: "append who did what to this file; default: to stderr" },
};

interface Standing {
  readonly allowed: boolean;
  readonly announced: boolean;
}

/** One act of an operator. */
export class Act {
  /** False: only say what would be done. */
  readonly allowed: boolean;
  readonly #announced: boolean;
  readonly #call: Call;
  readonly #verb: string;
  readonly #details: object;
  /** Where the brokers say that it acts. */
  #places: readonly object[] = [];

  private constructor(call: Call, verb: string, details: object, { allowed, announced }: Standing) {
    this.#announced = announced;
    this.#call = call;
    this.#verb = verb;
    this.#details = details;
    this.allowed = allowed;
  }

  /** Looks at what is private: written down, and always allowed. */
  static looking(call: Call, verb: string, details: object): Act {
    return new Act(call, verb, details, { allowed: true, announced: false });
  }

  /**
   * Says on which profile and brokers it acts.
   *
   * @throws UsageError if nobody is at the terminal and the profile is not named.
   */
  static async of(call: Call, verb: string, details: object): Promise<Act> {
    const { io, out, values, project: found } = call;
    const act = new Act(call, verb, details, { allowed: call.values["yes"] === true, announced: true });
    const project = await found();
    const { profile } = project;
    if (act.allowed && io.stderr.isTTY !== true && values["profile"] === undefined)
      throw new UsageError(`without a terminal, ${verb} --yes needs --profile, so that nobody acts on the wrong one`);
    const { channels, connections, prefix } = await project.explain();
    const { channel } = details as { channel?: string };
    out.talk(visible(`${verb}: profile ${profile ?? "none"}, prefix ${prefix === "" ? "none" : prefix}`));
    for (const [name, { place }] of Object.entries(connections)) {
      const its = Object.entries(channels).filter(
        ([each, { connection }]) => connection === name && (channel === undefined || each === channel),
      );
      const where = its.map(([each, { address }]) => (each === address ? each : `${each} (${address})`)).join(", ");
      if (its.length > 0) out.talk(visible(`  ${name}${place === undefined ? "" : ` (${place})`}: ${where}`));
    }
    const { overrides } = project;
    if (overrides.length > 0) out.talk(visible(`  overridden by ${overrides.join(", ")}`));
    if (!act.allowed) out.talk("dry run: nothing is done; add --yes to do it");
    return act;
  }

  /**
   * Asks the brokers where it really acts, through the connection that is open already, and says it. It is also in the audit. A look is not
   * announced, so it does nothing then.
   *
   * @throws MessagingError `wrong-account` if a broker's account is another than the configuration names. Nothing was done then.
   */
  async locate(
    messaging: Pick<Messaging<AnyChannel>, "places">,
    channel: AnyChannel,
    group: string | undefined,
    parts: readonly ChannelPart[],
  ): Promise<void> {
    if (!this.#announced) return;
    this.found(await messaging.places(channel, { ...(group === undefined ? {} : { group }), parts }));
  }

  /** Says where the brokers say that it acts. */
  found(places: readonly NamedPlace[]): void {
    for (const [said, its] of Map.groupBy(places, saidOf)) {
      const addresses = [...new Set(its.map(({ address }) => address))].join(", ");
      if (said !== undefined) this.#call.out.talk(visible(`  ${said}: ${addresses}`));
    }
    const told = places.filter((place) => wordsOf(place).length > 0);
    this.#places = [...new Map(told.map((place) => [saidOf(place), factsOf(place)])).values()];
  }

  /**
   * For `deadLetters()`: the audit lines of what moves, copies or deletes letters, before and after. Core refuses the operation if the first
   * cannot be written.
   */
  get operator(): OperatorOptions {
    return { by: this.#by, audit: (entry) => this.#write({ ...entry }) };
  }

  /**
   * Writes the audit line of a look that core does not audit. Call it right before looking.
   *
   * @throws Error if it cannot be written: what nobody could trace is not done.
   */
  async begin(): Promise<void> {
    await this.#begin({});
  }

  /**
   * Does what core does not audit between its two audit lines. `more`: what was found out since the act was announced.
   *
   * @throws Error if the first line cannot be written: nothing was done then. What was done is done, so a second one that cannot be written is only reported.
   */
  async during(more: object, work: () => Promise<unknown>): Promise<void> {
    await this.#begin(more);
    try {
      await work();
    } catch (error) {
      const { code = "unknown", message = String(error) } = error as { code?: string; message?: string };
      await this.#end({ error: { code, message } });
      throw error;
    }
    await this.#end({});
  }

  async #end(how: object): Promise<void> {
    try {
      await this.#write({ at: systemRuntime.now(), by: this.#by, phase: "end", ...this.#details, ...how });
    } catch (error) {
      this.#call.out.talk(visible(`the end is not in the audit file: ${(error as Error).message}`));
    }
  }

  async #begin(more: object): Promise<void> {
    try {
      await this.#write({ at: systemRuntime.now(), by: this.#by, phase: "begin", ...this.#details, ...more });
    } catch (cause) {
      throw new Error(`nothing was done: the audit file cannot be written (${(cause as Error).message})`, { cause });
    }
  }

  get #by(): string {
    return `${userInfo().username}@${hostname()}`;
  }

  async #write(entry: Readonly<Record<string, unknown>>): Promise<void> {
    const { io, out, values, project } = this.#call;
    const { profile = null, service } = await project();
    const at = new Date(Number(entry["at"])).toISOString();
    const places = this.#places.length === 0 ? {} : { places: this.#places };
    const line = JSON.stringify({ version: SHAPE, verb: this.#verb, service, profile, ...places, ...entry, at });
    const file = values["audit"];
    if (typeof file !== "string") {
      out.talk(line);
      await systemRuntime.sleep(0);
      if (io.unheard?.() === true) throw new Error("nobody reads stderr; write it to a file: --audit FILE");
      return;
    }
    const opened = openSync(resolve(io.cwd, file), "a", 0o600);
    try {
      writeSync(opened, `${line}\n`);
      fsyncSync(opened);
    } finally {
      closeSync(opened);
    }
  }
}

/** What a broker says of where something is. */
const factsOf = ({ connection, account, region, host, virtualHost, cluster }: NamedPlace) => ({
  connection,
  account,
  region,
  host,
  virtualHost,
  cluster,
});

function wordsOf({ account, region, host, virtualHost, cluster }: NamedPlace): readonly string[] {
  return [
    ...(account === undefined ? [] : [`account ${account}`]),
    ...[region, host].filter((each) => each !== undefined),
    ...(virtualHost === undefined ? [] : [`virtual host ${virtualHost}`]),
    ...(cluster === undefined ? [] : [`cluster ${cluster}`]),
  ];
}

/** The same in words. Undefined: the broker does not say. */
function saidOf(place: NamedPlace): string | undefined {
  const { connection, missing } = place;
  if (missing === true) return `${connection} does not tell its account, because these are not there`;
  const words = wordsOf(place);
  return words.length === 0 ? undefined : `${connection} answers from ${words.join(", ")}`;
}
