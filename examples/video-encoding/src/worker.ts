import { parentPort } from "node:worker_threads";
import { encodeInto, film } from "./transcode.ts";
import type { Reply, Task } from "./threads.ts";

/** One CPU's worth of work, off the event loop: it must stay free to extend holds and to answer the broker. */
parentPort!.on("message", (task: Task) => {
  parentPort!.postMessage(done(task));
});

function done(task: Task): Reply {
  try {
    return { value: task.kind === "film" ? film(task.folder, task.number) : encodeInto(task.folder, task.job) };
  } catch (error) {
    const { name, message } = error as Error; // an error's class does not survive the way between threads
    return { error: { name, message } };
  }
}
