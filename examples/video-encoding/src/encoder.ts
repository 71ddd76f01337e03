import { consumer, DeadLetter } from "@switchyard/core";
import { uploads } from "./channels.ts";
import type { Ledger } from "./ledger.ts";
import { NotAVideo } from "./media/y4m.ts";
import type { Encoded, EncodeJob } from "./transcode.ts";

export interface EncoderDependencies {
  encode(job: EncodeJob): Encoded | Promise<Encoded>;
  readonly ledger: Ledger;
}

/**
 * An inert value: nothing happens until a `connect()` consumes it. A video may be delivered twice; encoding it again
 * writes the same bytes to the same place, so that does no harm.
 */
export const encoder = ({ encode, ledger }: EncoderDependencies) =>
  consumer(uploads, "encoder", {
    "video.uploaded": async ({ videoId, url }) => {
      ledger.started(videoId);
      try {
        await encode({ videoId, url });
        ledger.encoded(videoId);
      } catch (error) {
        if (error instanceof NotAVideo) {
          ledger.refused(videoId);
          throw new DeadLetter(`not a video: ${error.message}`, { cause: error });
        }
        ledger.failed(videoId);
        throw error; // the policy decides: here five attempts, then the dead letters
      }
    },
  });
