import { loadOnce } from "../base/load-once.ts";

/**
 * Reads messages that do not carry their envelope in our header: structured ones, and those of other producers. Most services have none. It
 * is loaded before the receiver of a group that expects such messages is opened, and otherwise by the first one.
 */
export const otherForms = loadOnce(() => import("./open-message.ts"));
