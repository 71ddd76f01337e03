import { checksumIn, type Video } from "./transcode.ts";
import type { Ledger } from "./ledger.ts";

export interface Proof {
  readonly uploaded: number;
  readonly encoded: number;
  /** Uploaded, and never encoded. */
  readonly lost: readonly string[];
  /** Encoded, and never uploaded. */
  readonly strange: readonly string[];
  /** What lies on disk is not what encoding the upload gives. */
  readonly wrong: readonly string[];
  /** Deliveries of videos that had been encoded already: at least once means that these are allowed. */
  readonly duplicates: number;
  readonly retries: number;
  /** By video, of the files on disk. */
  readonly checksums: Readonly<Record<string, string>>;
}

/** Believes nobody: ids are compared as sets, and the files on disk with the references made without any messaging. */
export function prove(videos: readonly Video[], folder: string, ledger: Ledger): Proof {
  const expected = new Map(videos.map((video) => [video.videoId, video.checksum]));
  const encoded = new Set(ledger.encodedIds);
  const found = videos.map(({ videoId }) => [videoId, checksumIn(folder, videoId)] as const);
  return {
    uploaded: ledger.standing.uploaded,
    encoded: encoded.size,
    lost: videos.map(({ videoId }) => videoId).filter((videoId) => !encoded.has(videoId)),
    strange: [...encoded].filter((videoId) => !expected.has(videoId)),
    wrong: found.flatMap(([videoId, checksum]) =>
      encoded.has(videoId) && checksum !== expected.get(videoId) ? [videoId] : [],
    ),
    duplicates: ledger.duplicates,
    retries: ledger.retries,
    checksums: Object.fromEntries(
      found.flatMap(([videoId, checksum]) => (checksum === undefined ? [] : [[videoId, checksum]])),
    ),
  };
}

export const holds = ({ lost, strange, wrong }: Proof): boolean => lost.length + strange.length + wrong.length === 0;
