import { loadOnce } from "../base/load-once.ts";

/** Makes messages for a broker that runs in this process. Most services have none. It is loaded when a sender of such a broker is opened. */
export const inProcess = loadOnce(() => import("./in-process-message.ts"));

export type InProcess = NonNullable<typeof inProcess.loaded>;
