import { consumer } from "@switchyard/core";
import type { View } from "./access-log.ts";
import { clicks } from "./channels.ts";

/** Counts views, wherever they are counted: in this process, or in the parent's. */
export const sessions = (count: (view: View) => void | Promise<void>) =>
  consumer(clicks, "sessions", {
    "page.viewed": async (view) => {
      await count(view);
    },
  });
