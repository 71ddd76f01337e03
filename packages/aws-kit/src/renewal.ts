/** Keys that are rotated under a running process: the SDK keeps what it has once read of the credentials file. */
import { type ClientLike, configOf, type Credentials } from "./clients.ts";

/** A client that is replaced by one with other credentials where there are any. */
export class Renewal<C extends ClientLike> {
  current: C;
  /** How often it was replaced. */
  generation = 0;
  readonly #make: (more: Readonly<Record<string, unknown>>) => C;
  #running: Promise<boolean> | undefined;

  /** `make` is given settings of the SDK to add to its own. */
  constructor(make: (more: Readonly<Record<string, unknown>>) => C) {
    this.#make = make;
    this.current = make({});
  }

  /**
   * Reads the credentials anew for a call of that generation that was refused. True: there are others than it used, and
   * `current` uses them. Calls refused at the same time share one look.
   */
  async renew(generation: number): Promise<boolean> {
    if (generation !== this.generation) return true;
    this.#running ??= this.#renew().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #renew(): Promise<boolean> {
    // The new client takes over the handler, and with it the open connections: the old one has nothing left to close.
    const { requestHandler } = this.current.config as { requestHandler?: unknown };
    const next = this.#make({ requestHandler, ignoreCache: true });
    const found = await credentialsOf(next);
    if (found === undefined || same(found, await credentialsOf(this.current))) return false;
    this.current = next;
    this.generation++;
    return true;
  }
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
