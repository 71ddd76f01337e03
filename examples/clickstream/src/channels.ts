import { channel } from "@switchyard/core";
import { z } from "zod";

/** What a web server saw. The views of one visitor are handled in order, those of different visitors side by side. */
export const clicks = channel("clicks", {
  messages: {
    "page.viewed": z.object({
      visitor: z.string(),
      /** Of the access log; from 1. */
      line: z.int(),
      at: z.iso.datetime(),
      path: z.string(),
      status: z.int(),
    }),
  },
  orderingKey: "visitor",
  needs: { replay: true },
});
