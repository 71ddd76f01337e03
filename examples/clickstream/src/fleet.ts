/** Workers: processes where the broker is outside, else members of the group within this process. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "@switchyard/core";
import type { View } from "./access-log.ts";
import { clicks } from "./channels.ts";
import { sessions } from "./consumer.ts";
import type { Sessions } from "./sessions.ts";

export interface Worker {
  /** Without warning: a process by SIGKILL; within this process it drops everything at once. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export async function startProcess(profile: string, database: Sessions): Promise<Worker> {
  const child = fork(new URL("./worker.ts", import.meta.url), {
    env: { ...process.env, SWITCHYARD_PROFILE: profile },
    execArgv: process.execArgv,
  });
  const over = once(child, "exit");
  child.on("message", (message: { readonly id?: number; readonly view?: View }) => {
    if (message.view === undefined) return;
    database.count(message.view);
    if (child.connected) child.send({ id: message.id }, () => {});
  });
  await ready(child);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await over;
  };
  return { kill: () => end("SIGKILL"), stop: () => end("SIGTERM") };
}

async function ready(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.on("message", (message: { readonly ready?: boolean }) => {
      if (message.ready === true) resolve();
    });
    child.once("exit", (code) => reject(new Error(`the worker ended with ${code} before it was ready`)));
  });
}

export async function startInside(profile: string, database: Sessions): Promise<Worker> {
  const messaging = await connect({
    channels: [clicks],
    service: "sessions",
    profile,
    cwd: import.meta.dirname,
    observe: () => {},
  });
  messaging.consume(
    sessions(async (view) => {
      // What a database would take: time for others to come between.
      await new Promise(setImmediate);
      database.count(view);
    }),
  );
  await messaging.start();
  return {
    kill: async () => void (await messaging.stop({ deadline: 0 })),
    stop: async () => void (await messaging.stop()),
  };
}
