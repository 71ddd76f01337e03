/** Claims in DynamoDB: one conditional write for each step. */
import { MessagingError, type Runtime } from "@switchyard/core";
import { loadPeer } from "@switchyard/core/driver-kit";
import type { ClaimReply } from "./protocol.ts";
import { type MessageKey, nameOf } from "./key.ts";
import type { Claims, ClaimStore } from "./store.ts";

/** The part of a DynamoDB client that is used. A `DynamoDBClient` of `@aws-sdk/client-dynamodb` has it. */
export interface DynamoDbClientLike {
  send(command: any, options?: { abortSignal?: AbortSignal }): Promise<any>;
}

/** The options of `dynamodbStore`. */
export interface DynamoDbStoreOptions {
  readonly client: DynamoDbClientLike;
  /** The table's name or ARN. Its partition key is `key`, a string, and it has no sort key. Let `expires` be its TTL attribute. */
  readonly table: string;
  /**
   * By how much the clocks of two processes may differ, in milliseconds. DynamoDB does not tell its time, so claims end by the clock of their
   * holder; another waits for this much longer before it takes one over. Default 5,000.
   */
  readonly skewMs?: number;
  /** The SDK's module, for bundlers that must see the import. Default: `await import("@aws-sdk/client-dynamodb")`. */
  readonly sdk?: Readonly<Record<string, new (input: any) => any>>;
}

/**
 * Keeps claims in DynamoDB. Each step is one write, which costs a write unit; a claim that is not granted costs one, too. DynamoDB deletes
 * what has expired by itself, if the table's TTL attribute is `expires`.
 *
 * Clocks must not differ by more than `skewMs`. If they do, a message may be handled by two processes at once.
 *
 * @throws MessagingError `bad-inbox` if an argument is not allowed.
 */
export function dynamodbStore(options: DynamoDbStoreOptions): ClaimStore {
  const fail = (text: string) => new MessagingError("bad-inbox", `dynamodbStore: ${text}`, { kind: "config" });
  const { client, table, skewMs = 5_000 } = options;
  if (typeof client?.send !== "function") throw fail("client must be a client of @aws-sdk/client-dynamodb");
  if (typeof table !== "string" || table === "") throw fail("table must be the name or ARN of a table");
  if (!(Number.isFinite(skewMs) && skewMs >= 0)) throw fail("skewMs must be a number of milliseconds from 0 up");
  return {
    name: "DynamoDB",
    strength: "strong",
    open: (runtime) => new DynamoDbClaims({ ...options, skewMs }, runtime),
  };
}

/** A process uses an epoch for at most so long after it began to read it. `forget` waits for longer, so that no process has the old one. */
const EPOCH_MS = 5_000;

type Item = Readonly<Record<string, { readonly S?: string; readonly N?: string }>>;

class DynamoDbClaims implements Claims {
  readonly #options: DynamoDbStoreOptions & { readonly skewMs: number };
  readonly #runtime: Runtime;
  readonly #epochs = new Map<string, { readonly until: number; readonly epoch: Promise<number> }>();
  #sdk: Promise<Readonly<Record<string, new (input: any) => any>>> | undefined;

  constructor(options: DynamoDbStoreOptions & { readonly skewMs: number }, runtime: Runtime) {
    this.#options = options;
    this.#runtime = runtime;
  }

  async claim(key: MessageKey, token: string, forMs: number, keptMs: number): Promise<ClaimReply> {
    const epoch = await this.#epochOf(key.group);
    const now = this.#runtime.now();
    const { skewMs } = this.#options;
    const until = now + forMs;
    const denied = await this.#conditional("UpdateItem", key, {
      UpdateExpression: "SET #state = :claimed, #epoch = :epoch, #token = :token, #until = :until, #expires = :expires",
      ConditionExpression:
        "attribute_not_exists(#key) OR (#state = :done AND (#epoch < :epoch OR #until <= :now)) OR (#state = :claimed AND (#until < :early OR #token = :token))",
      ...values({
        state: { ":claimed": "claimed", ":done": "done" },
        epoch: { ":epoch": epoch },
        token: { ":token": token },
        until: { ":until": until, ":now": now, ":early": now - skewMs },
        // For the claim of a process that dies. DynamoDB's clock decides when it is deleted.
        expires: { ":expires": seconds(until + skewMs + keptMs) },
        key: {},
      }),
    });
    if (denied === undefined) return { got: "yes" };
    const item = denied ?? {};
    if (item["state"]?.S === "done") return { got: "done" };
    return { got: "held", leftMs: Math.max(Number(item["until"]?.N ?? now) + skewMs - now, 1) };
  }

  async renew(key: MessageKey, token: string, forMs: number): Promise<boolean> {
    const mine = { UpdateExpression: "SET #until = :until", ConditionExpression: MINE };
    const until = { ":until": this.#runtime.now() + forMs };
    const named = values({ state: CLAIMED, token: { ":token": token }, until });
    return (await this.#conditional("UpdateItem", key, { ...mine, ...named })) === undefined;
  }

  async done(key: MessageKey, token: string, keptMs: number): Promise<boolean> {
    const until = this.#runtime.now() + keptMs;
    const denied = await this.#conditional("UpdateItem", key, {
      UpdateExpression: "SET #state = :done, #until = :until, #expires = :expires REMOVE #token",
      ConditionExpression: MINE,
      ...values({
        state: { ...CLAIMED, ":done": "done" },
        token: { ":token": token },
        until: { ":until": until },
        expires: { ":expires": seconds(until + this.#options.skewMs) },
      }),
    });
    return denied === undefined;
  }

  async release(key: MessageKey, token: string): Promise<boolean> {
    const mine = { ConditionExpression: MINE, ...values({ state: CLAIMED, token: { ":token": token } }) };
    return (await this.#conditional("DeleteItem", key, mine)) === undefined;
  }

  async forget(group: string): Promise<void> {
    this.#epochs.delete(group);
    await this.#send("UpdateItem", {
      Key: { key: { S: epochKey(group) } },
      UpdateExpression: "ADD #epoch :one",
      ...values({ epoch: { ":one": 1 } }),
    });
    await this.#runtime.sleep(EPOCH_MS);
  }

  /** The group's epoch, read at most {@link EPOCH_MS} ago. */
  #epochOf(group: string): Promise<number> {
    const now = this.#runtime.monotonic();
    const known = this.#epochs.get(group);
    if (known !== undefined && known.until > now) return known.epoch;
    const epoch = this.#send("GetItem", { Key: { key: { S: epochKey(group) } }, ConsistentRead: true }).then(
      ({ Item }) => Number((Item as Item | undefined)?.["epoch"]?.N ?? 0),
    );
    const read = { until: now + EPOCH_MS, epoch };
    this.#epochs.set(group, read);
    epoch.catch(() => {
      if (this.#epochs.get(group) === read) this.#epochs.delete(group);
    });
    return epoch;
  }

  /** Carries out a write. If its condition does not hold, resolves with the item as it is. */
  async #conditional(action: string, key: MessageKey, input: object): Promise<Item | undefined> {
    const Key = { key: { S: keyOf(key) } };
    try {
      await this.#send(action, { Key, ...input, ReturnValuesOnConditionCheckFailure: "ALL_OLD" });
      return undefined;
    } catch (error) {
      const { name, Item } = error as { readonly name?: unknown; readonly Item?: Item };
      if (name !== "ConditionalCheckFailedException") throw error;
      if (Item !== undefined) return Item;
      // Emulators and old clients do not return the item.
      return ((await this.#send("GetItem", { Key, ConsistentRead: true })).Item as Item | undefined) ?? {};
    }
  }

  async #send(action: string, input: object): Promise<any> {
    const { client, table, sdk } = this.#options;
    this.#sdk ??= sdk === undefined ? load() : Promise.resolve(sdk);
    const Command = (await this.#sdk)[`${action}Command`];
    if (Command === undefined) throw new TypeError(`@aws-sdk/client-dynamodb has no ${action}Command`);
    return client.send(new Command({ TableName: table, ...input }));
  }
}

const load = (): Promise<Readonly<Record<string, new (input: any) => any>>> =>
  loadPeer("@aws-sdk/client-dynamodb", "dynamodbStore", () => import("@aws-sdk/client-dynamodb"));

const MINE = "#state = :claimed AND #token = :token";
const CLAIMED = { ":claimed": "claimed" };
const seconds = (ms: number): number => Math.ceil(ms / 1_000);
const keyOf = (key: MessageKey): string => `${key.group} ${nameOf(key)}`;
/** No message has it: its key goes on with a list in JSON. */
const epochKey = (group: string): string => `${group} epoch`;

/** Names and values of an expression, by attribute. */
function values(of: Readonly<Record<string, Readonly<Record<string, string | number>>>>): object {
  const all = Object.values(of).flatMap((each) => Object.entries(each));
  const ExpressionAttributeNames = Object.fromEntries(Object.keys(of).map((name) => [`#${name}`, name]));
  const ExpressionAttributeValues = Object.fromEntries(
    all.map(([name, value]) => [name, typeof value === "string" ? { S: value } : { N: String(value) }]),
  );
  return { ExpressionAttributeNames, ...(all.length === 0 ? {} : { ExpressionAttributeValues }) };
}
