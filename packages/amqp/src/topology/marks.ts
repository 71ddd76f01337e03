/**
 * AMQP cannot list bindings. So after `apply` has made the bindings of a queue or exchange, it leaves a mark: an exchange that nothing is
 * published to, whose name stands for them. If the mark is missing, the bindings may be missing too, and are made again.
 */
import { createHash } from "node:crypto";
import { bucketKeys } from "../buckets.ts";
import type { Binding, Mark } from "./resources.ts";

const BUCKETS: ReadonlySet<string> = new Set(bucketKeys);

export function bindingMark(place: string, bindings: readonly Binding[]): Mark {
  const all = bindings.map(({ from, to, key }) => `${from}\n${to}\n${key}`).sort();
  const hash = createHash("sha256").update(JSON.stringify(all)).digest("hex").slice(0, 8);
  return {
    kind: "exchange",
    place,
    name: `${place}_bound_${hash}`,
    type: "fanout",
    arguments: {},
    external: false,
    bindings,
  };
}

/** The bindings in a few words, for a plan. */
export function bindingsText({ bindings }: Mark): string {
  const froms = [...new Set(bindings.map(({ from }) => from))];
  // Every ordered queue has those of the buckets.
  const keys = [...new Set(bindings.map(({ key }) => key))].filter(
    (key) => key !== "" && key !== "1" && !BUCKETS.has(key),
  );
  const listed = keys.length > 0 && !keys.includes("#");
  const rest = listed ? "; other types bound before stay bound, because AMQP does not list them" : "";
  return `bound to ${froms.join(", ")}${keys.length === 0 ? "" : ` for ${keys.join(", ")}`}${rest}`;
}
