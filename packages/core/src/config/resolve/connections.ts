import type { Adapter, Capabilities, Destination } from "../../driver/index.ts";
import type { Problem } from "../../api/errors.ts";
import type { ConnectionPlan } from "../../plan/plan.ts";
import { type Adapters, allowedAdapters } from "./adapters.ts";
import type { ResolveContext } from "./resolve-context.ts";
import { didYouMean, listed } from "../../base/suggest.ts";

export interface Connected {
  readonly name: string;
  readonly adapter: Adapter;
  readonly options: unknown;
  /** True if the adapter's schema accepted the options. Otherwise the adapter's answers mean nothing. */
  readonly valid: boolean;
  readonly provision: ConnectionPlan["provision"];
}

interface Attempt {
  readonly connected?: Connected;
  readonly problems: readonly Problem[];
}

/** Resolves connections on demand. A connection that no channel uses is neither loaded nor reported. */
export class Connections {
  readonly #context: ResolveContext;
  readonly #adapters: Adapters;
  readonly #attempts = new Map<string, Promise<Attempt>>();
  readonly used = new Map<string, Connected>();

  constructor(context: ResolveContext, adapters: Adapters) {
    this.#context = context;
    this.#adapters = adapters;
  }

  names(): string[] {
    return [...new Set([...this.#context.layers.names("connections"), "memory"])];
  }

  /** Resolves a connection and reports its mistakes. `where` is the place that names it. */
  async use(name: string, where: string): Promise<Connected | undefined> {
    const { problems } = this.#context;
    if (!this.names().includes(name)) {
      if (this.#context.excused("connections", name)) return undefined;
      const known = this.names();
      problems.add(
        where,
        `no connection ${this.#context.quote(where, name)}; connections: ${listed(known)}.${didYouMean(name, known)}`,
      );
      return undefined;
    }
    const attempt = await this.#attempt(name);
    for (const { path, message } of attempt.problems) problems.add(path || where, message);
    if (attempt.connected !== undefined) this.used.set(name, attempt.connected);
    return attempt.connected;
  }

  /** Resolves a connection for advice only, without reporting its mistakes. */
  async peek(name: string): Promise<Connected | undefined> {
    return (await this.#attempt(name)).connected;
  }

  #attempt(name: string): Promise<Attempt> {
    const attempt = this.#attempts.get(name) ?? this.#connect(name);
    this.#attempts.set(name, attempt);
    return attempt;
  }

  async #connect(name: string): Promise<Attempt> {
    const section = this.#context.layers.connection(name);
    const problems: Problem[] = this.#context.unfilled(section, "connections", [name]);
    const { use, provision, ...given } = section.value;
    if (use === undefined) {
      const at = `${section.where("use")}`;
      if (!this.#context.excused("connections", name, "use"))
        problems.push({ path: at, message: `missing; set it to an adapter: ${allowedAdapters}` });
      return { problems };
    }
    if (problems.some(({ path }) => path === section.where("use"))) return { problems };
    this.#context.secrets.addFrom(given);
    const found = await this.#adapters.find(use as string | Adapter);
    if ("problem" in found) {
      const path = section.where("use");
      const message = this.#context.filledIn(path)
        ? `${this.#context.quote(path, use)} names no adapter that can be loaded; set it to ${allowedAdapters}`
        : found.problem;
      return { problems: [...problems, { path, message }] };
    }
    const { adapter } = found;
    const result = await adapter.options["~standard"].validate(given);
    const issues = result.issues ?? [];
    for (const { message, path = [] } of issues) {
      const keys = path.map((step) => String(typeof step === "object" ? step.key : step));
      if (this.#context.excused("connections", name, ...keys)) continue;
      problems.push({ path: section.where(...keys), message });
    }
    return {
      problems,
      connected: {
        name,
        adapter,
        options: result.issues === undefined ? result.value : given,
        valid: problems.length === 0 && result.issues === undefined,
        provision:
          (provision as ConnectionPlan["provision"] | undefined) ?? (adapter.name === "memory" ? "auto" : "off"),
      },
    };
  }
}

/**
 * The adapter's capabilities for a destination. Undefined if it has no such model. `"unknown"` if the adapter threw because its options
 * are invalid.
 */
export function keeps({ adapter, options, valid }: Connected, of: Destination): Capabilities | "unknown" | undefined {
  if (valid) return adapter.capabilities(of, options);
  try {
    return adapter.capabilities(of, options);
  } catch {
    return "unknown";
  }
}
