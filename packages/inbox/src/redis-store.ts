/** Claims in Redis: one script for each step. */
import { createHash } from "node:crypto";
import { MessagingError } from "@switchyard/core";
import type { ClaimReply } from "./protocol.ts";
import { type MessageKey, nameOf } from "./key.ts";
import type { Claims, ClaimStore } from "./store.ts";

/** The part of a client of `redis` that is used. A cluster's has it, too. */
export interface NodeRedisLike {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** The part of a client of `ioredis` that is used. A cluster's has it, too. */
export interface IoRedisLike {
  eval(script: string, keys: number, ...args: string[]): Promise<unknown>;
  evalsha(sha1: string, keys: number, ...args: string[]): Promise<unknown>;
}

/** The options of `redisStore`. */
export interface RedisStoreOptions {
  /** What the names of all keys begin with. Default `switchyard:inbox:`. */
  readonly prefix?: string;
}

/**
 * Keeps claims in Redis 5 or later, or in Valkey: one round trip before the handler, one after it. `client` is a connected client of `redis`
 * or `ioredis`, which the store does not close. Keys expire by themselves, by the server's clock.
 *
 * It is `weak`: Redis replicates asynchronously, so a failover may forget the last claims and marks. Set `maxmemory-policy` to
 * `noeviction`, or it forgets under memory pressure, too. In a cluster, all keys of a group are in one slot.
 *
 * @throws MessagingError `bad-inbox` if an argument is not allowed.
 */
export function redisStore(
  client: NodeRedisLike | IoRedisLike,
  { prefix = "switchyard:inbox:" }: RedisStoreOptions = {},
): ClaimStore {
  const fail = (text: string) => new MessagingError("bad-inbox", `redisStore: ${text}`, { kind: "config" });
  if (typeof prefix !== "string" || /[{}]/.test(prefix)) throw fail("prefix must be a text without { and }");
  const run = runner(client);
  if (run === undefined)
    throw fail("the first argument must be a client of redis (with evalSha) or of ioredis (with evalsha)");
  return { name: "Redis", strength: "weak", open: () => claimsIn(run, prefix) };
}

/** A claim is kept for so many times as long as it lasts. */
const LATE = 10;

interface Script {
  readonly text: string;
  readonly sha1: string;
}

const script = (text: string): Script => ({ text, sha1: createHash("sha1").update(text).digest("hex") });

/**
 * A mark is `d<epoch>`, a claim `c<epoch> <until> <token>`. A claim is kept for longer than it lasts, so that a holder that is late can still
 * mark the message unless another has taken it over. A mark of an earlier epoch does not count; a claim of one does, because somebody is
 * handling the message now.
 */
const CLAIM = script(`local v = redis.call('GET', KEYS[1])
local epoch = redis.call('GET', KEYS[2]) or '0'
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if v then
  local ends, token = string.match(v, '^c%d+ (%d+) (.*)$')
  if ends then
    if token ~= ARGV[1] and tonumber(ends) > now then return {'held', tonumber(ends) - now} end
  elseif tonumber(string.sub(v, 2)) >= tonumber(epoch) then
    return {'done', 0}
  end
end
local ends = string.format('%.0f', now + ARGV[2])
redis.call('SET', KEYS[1], 'c' .. epoch .. ' ' .. ends .. ' ' .. ARGV[1], 'PX', ARGV[2] * ${LATE})
return {'yes', 0}`);

const MINE = `local v = redis.call('GET', KEYS[1])
if not v then return 0 end
local epoch, token = string.match(v, '^c(%d+) %d+ (.*)$')
if token ~= ARGV[1] then return 0 end
`;
const RENEW = script(`${MINE}local t = redis.call('TIME')
local ends = string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[2])
redis.call('SET', KEYS[1], 'c' .. epoch .. ' ' .. ends .. ' ' .. ARGV[1], 'PX', ARGV[2] * ${LATE})
return 1`);
const DONE = script(`${MINE}redis.call('SET', KEYS[1], 'd' .. epoch, 'PX', ARGV[2])
return 1`);
const RELEASE = script(`${MINE}return redis.call('DEL', KEYS[1])`);
const FORGET = script(`return redis.call('INCR', KEYS[1])`);

type Run = (of: Script, keys: string[], args: string[]) => Promise<unknown>;

function claimsIn(run: Run, prefix: string): Claims {
  // In a cluster, a script's keys must be in one slot: that of the text in braces. Names of channels and groups have no braces.
  const epochKey = (group: string): string => `${prefix}{${group}}:epoch`;
  const keyOf = (key: MessageKey): string => `${prefix}{${key.group}}:${nameOf(key)}`;
  const ms = (value: number): string => String(Math.max(Math.ceil(value), 1));
  const isMine = async (of: Script, key: MessageKey, ...args: string[]) =>
    Number(await run(of, [keyOf(key)], args)) === 1;
  return {
    claim: async (key, token, forMs): Promise<ClaimReply> => {
      const keys = [keyOf(key), epochKey(key.group)];
      const [got, leftMs] = (await run(CLAIM, keys, [token, ms(forMs)])) as [unknown, unknown];
      const reply = String(got);
      if (reply === "yes" || reply === "done") return { got: reply };
      return { got: "held", leftMs: Math.max(Number(leftMs), 1) };
    },
    renew: (key, token, forMs) => isMine(RENEW, key, token, ms(forMs)),
    done: (key, token, keptMs) => isMine(DONE, key, token, ms(keptMs)),
    release: (key, token) => isMine(RELEASE, key, token),
    forget: async (group) => void (await run(FORGET, [epochKey(group)], [])),
  };
}

function runner(client: NodeRedisLike | IoRedisLike): Run | undefined {
  const given = client as Partial<NodeRedisLike & IoRedisLike> | null | undefined;
  if (typeof given?.eval !== "function") return undefined;
  if (typeof given.evalSha === "function") {
    const redis = client as NodeRedisLike;
    return known(
      ({ sha1 }, keys, args) => redis.evalSha(sha1, { keys, arguments: args }),
      ({ text }, keys, args) => redis.eval(text, { keys, arguments: args }),
    );
  }
  if (typeof given.evalsha === "function") {
    const redis = client as IoRedisLike;
    return known(
      ({ sha1 }, keys, args) => redis.evalsha(sha1, keys.length, ...keys, ...args),
      ({ text }, keys, args) => redis.eval(text, keys.length, ...keys, ...args),
    );
  }
  return undefined;
}

/** Runs a script by its hash. The server keeps it after the first time, until it restarts or fails over. */
function known(byHash: Run, whole: Run): Run {
  return async (of, keys, args) => {
    try {
      return await byHash(of, keys, args);
    } catch (error) {
      if (!String((error as { message?: unknown } | null)?.message).startsWith("NOSCRIPT")) throw error;
      return whole(of, keys, args);
    }
  };
}
