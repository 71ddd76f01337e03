/** Who asked for what: an entry before an operation begins, and one after it has ended. */
import type { DeadLetterFilter, OperationEntry, OperatorAction, OperatorOptions } from "../../api/dead-letters.ts";
import { isMessagingError, MessagingError } from "../../api/errors.ts";
import { keyHash } from "../../base/key-hash.ts";
import type { GroupEvent } from "../../consume/lease/group-context.ts";
import type { Runtime } from "../../driver/index.ts";

export interface OperationsParts extends OperatorOptions {
  readonly channel: string;
  readonly group: string;
  readonly runtime: Pick<Runtime, "now" | "uuid">;
  readonly emit: (event: GroupEvent) => void;
}

type Facts = Readonly<Record<string, unknown>>;

/** The operations of one group that move, delete or copy messages. */
export class Operations {
  readonly #parts: OperationsParts;

  constructor(parts: OperationsParts) {
    this.#parts = parts;
  }

  /**
   * Does the work between its two entries. `doneOf` says what was done.
   *
   * @throws MessagingError `audit-failed` if the entry of the beginning could not be written. Nothing was done then.
   */
  async run<T>(action: OperatorAction, asked: Facts, work: () => Promise<T>, doneOf: (result: T) => Facts): Promise<T> {
    const { runtime, channel, group, by, audit } = this.#parts;
    const what = {
      operation: runtime.uuid(),
      action,
      ...(by === undefined ? {} : { by }),
      channel,
      group,
      asked: factsOf(asked),
    };
    const begin: OperationEntry = { ...what, phase: "begin", at: runtime.now() };
    try {
      await audit?.(begin);
    } catch (cause) {
      const text = `${action} of "${group}" was not begun, because audit() failed; mend it and try again`;
      throw new MessagingError("audit-failed", text, { kind: "retryable", channel, group, cause });
    }
    this.#tell(begin);
    try {
      const result = await work();
      await this.#end({ ...what, phase: "end", at: runtime.now(), done: factsOf(doneOf(result)) });
      return result;
    } catch (error) {
      const { code, message } = isMessagingError(error) ? error : { code: "unknown", message: String(error) };
      await this.#end({ ...what, phase: "end", at: runtime.now(), error: { code, message } }, error);
      throw error;
    }
  }

  /** What was done is done, so an entry that cannot be written is only reported. */
  async #end(entry: OperationEntry, error?: unknown): Promise<void> {
    this.#tell(entry, error);
    try {
      await this.#parts.audit?.(entry);
    } catch (cause) {
      this.#parts.emit({ type: "warning", level: "warn", error: cause });
    }
  }

  #tell({ channel: _, group: __, at: ___, error: ____, ...entry }: OperationEntry, error?: unknown): void {
    this.#parts.emit({ type: "operation", level: "info", ...entry, ...(error === undefined ? {} : { error }) });
  }
}

/** What is given, as plain data. An ordering key may say who a customer is. */
function factsOf(given: Facts): Facts {
  const facts: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || typeof value === "function") continue;
    if (name === "filter") facts[name] = withoutKeys(value as DeadLetterFilter);
    else facts[name] = value instanceof Date ? value.toISOString() : value;
  }
  return facts;
}

function withoutKeys({ key, ...rest }: DeadLetterFilter): Facts {
  if (key === undefined) return rest;
  return { ...rest, key: typeof key === "string" ? keyHash(key) : key.map((each) => keyHash(each)) };
}
