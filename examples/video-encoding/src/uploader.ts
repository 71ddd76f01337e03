import type { Publisher } from "@switchyard/core";
import { uploads } from "./channels.ts";
import type { Ledger } from "./ledger.ts";
import type { EncodeJob } from "./transcode.ts";

/** Code that only publishes asks for a `Publisher`; a `connect()` is one. */
export const uploader = (messaging: Publisher<typeof uploads>, ledger: Ledger) => ({
  /** As they come: each upload is answered once the broker has taken responsibility for it. */
  async trickle(videos: readonly EncodeJob[]): Promise<void> {
    for (const { videoId, url } of videos) {
      ledger.uploaded(videoId);
      await messaging.publish(uploads, "video.uploaded", { videoId, url });
    }
  },

  /** All at once: one call, one result per upload. What was not accepted is sent again as the same message, or the caller is told. */
  async burst(videos: readonly EncodeJob[]): Promise<void> {
    for (const { videoId } of videos) ledger.uploaded(videoId);
    const messages = videos.map(({ videoId, url }) => ({ type: "video.uploaded" as const, data: { videoId, url } }));
    const results = await messaging.publishMany(uploads, messages);
    for (const [index, result] of results.entries()) {
      if (result.ok) continue;
      await messaging.publish(uploads, "video.uploaded", messages[index]!.data, { id: result.id });
    }
  },
});
