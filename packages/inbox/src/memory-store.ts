import type { Runtime } from "@switchyard/core";
import { type MessageKey, nameOf } from "./key.ts";
import { type ClaimReply, type ClaimRequest, type Entry, type Reply, type Request, step } from "./protocol.ts";
import type { Claims, ClaimStore } from "./store.ts";

/**
 * A store in this process, for development and tests: it forgets everything when the process ends, and no other process sees it. Pass one
 * store to several consumers to share it.
 */
export function memoryStore(): ClaimStore {
  const entries = new Map<string, Entry>();
  const epochs = new Map<string, number>();
  return { name: "memory", strength: "weak", open: (runtime) => claimsIn(entries, epochs, runtime) };
}

function claimsIn(entries: Map<string, Entry>, epochs: Map<string, number>, runtime: Pick<Runtime, "now">): Claims {
  function run(key: MessageKey, request: ClaimRequest): ClaimReply;
  function run(key: MessageKey, request: Request): Reply;
  function run(key: MessageKey, request: Request): Reply {
    const name = `${key.group} ${nameOf(key)}`;
    const { entry, reply } = step(entries.get(name), request, runtime.now());
    if (entry === undefined) entries.delete(name);
    else entries.set(name, entry);
    return reply;
  }
  return {
    claim: async (key, token, forMs) => run(key, { ask: "claim", token, epoch: epochs.get(key.group) ?? 0, forMs }),
    renew: async (key, token, forMs) => run(key, { ask: "renew", token, forMs }).got === "yes",
    done: async (key, token, forMs) => run(key, { ask: "done", token, forMs }).got === "yes",
    release: async (key, token) => run(key, { ask: "release", token }).got === "yes",
    forget: async (group) => void epochs.set(group, (epochs.get(group) ?? 0) + 1),
    sweep: async (most) => {
      const now = runtime.now();
      let swept = 0;
      for (const [name, { until }] of entries) {
        if (swept >= most) break;
        if (until > now) continue;
        entries.delete(name);
        swept++;
      }
      return swept;
    },
  };
}
