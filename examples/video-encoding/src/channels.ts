import { channel } from "@switchyard/core";
import { z } from "zod";

/** Shared by whoever uploads and whoever encodes. */
export const uploads = channel("video-uploads", {
  messages: { "video.uploaded": z.object({ videoId: z.string(), url: z.url() }) },
  needs: { delay: "15m" },
  foreign: "video.uploaded", // plain JSON from a producer that has never heard of us
});
