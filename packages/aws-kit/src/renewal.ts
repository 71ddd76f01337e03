/** Finds credentials that were rotated while the process runs, because the SDK caches the credentials file. */
import { type ClientLike, configOf, type Credentials } from "./clients.ts";

/** A client, replaced by a new one when other credentials are found. */
export class Renewal<C extends ClientLike> {
  current: C;
  /** How often it was replaced. */
  generation = 0;
  readonly #make: (more: Readonly<Record<string, unknown>>) => C;
  #running: Promise<boolean> | undefined;

  /** `make` receives SDK settings to add to its own. */
  constructor(make: (more: Readonly<Record<string, unknown>>) => C) {
    this.#make = make;
    this.current = make({});
  }

  /**
   * Reads the credentials again after a call of that generation was refused. True if there are other credentials now, and
   * `current` uses them. Calls refused at the same time share one reading.
   */
  async renew(generation: number): Promise<boolean> {
    if (generation !== this.generation) return true;
    this.#running ??= this.#renew().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #renew(): Promise<boolean> {
    // The new client takes over the handler with its open connections, so the old client has nothing left to close.
    const { requestHandler } = this.current.config as { requestHandler?: unknown };
    const next = this.#make({ requestHandler, ignoreCache: true });
    const found = await credentialsOf(next);
    if (found === undefined || same(found, await credentialsOf(this.current))) return false;
    this.current = next;
    this.generation++;
    return true;
  }
}

/** A client that stays the same object while `renewal` replaces what is behind it. */
export function renewableClient<C extends ClientLike>(
  renewal: Renewal<C>,
  send: ClientLike["send"] = (command, options) => renewal.current.send(command, options),
): ClientLike {
  return {
    config: renewal.current.config,
    send,
    get generation() {
      return renewal.generation;
    },
    renew: (generation) => renewal.renew(generation),
    destroy: () => renewal.current.destroy?.(),
  };
}

async function credentialsOf(client: ClientLike): Promise<Credentials | undefined> {
  try {
    return await configOf(client).credentials?.();
  } catch {
    return undefined;
  }
}

const same = (one: Credentials, other: Credentials | undefined): boolean =>
  one.accessKeyId === other?.accessKeyId &&
  one.secretAccessKey === other?.secretAccessKey &&
  one.sessionToken === other?.sessionToken;
