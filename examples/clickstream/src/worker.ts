/** One worker, a process of its own: the parent has the database. Ends on SIGTERM, handing its shards over. */
import { connect } from "@switchyard/core";
import type { View } from "./access-log.ts";
import { clicks } from "./channels.ts";
import { sessions } from "./consumer.ts";

const waiting = new Map<number, () => void>();
let asked = 0;

const count = (view: View): Promise<void> =>
  new Promise((resolve) => {
    const id = ++asked;
    waiting.set(id, resolve);
    process.send!({ id, view });
  });
process.on("message", ({ id }: { id: number }) => {
  waiting.get(id)?.();
  waiting.delete(id);
});

const messaging = await connect({
  channels: [clicks],
  service: "sessions",
  cwd: import.meta.dirname,
  // What goes wrong on the way is the demonstration's subject; what a person must see is written.
  observe: (event) => {
    if (event.level === "error") console.error(event);
  },
});
messaging.consume(sessions(count));
await messaging.start();
process.send!({ ready: true });
await messaging.run();
process.disconnect();
