/** A process of which only the instructions count: `counted.ts publish|consume COUNT`. */
import { openLayer } from "./layer.ts";
import { orders } from "./messages.ts";

const [which, count] = process.argv.slice(2) as ["publish" | "consume", string];
const layer = await openLayer(orders, Number(count));
await layer[which]();
// The message it starts with is the same for every count; what ending costs is not looked at.
process.exit(0);
