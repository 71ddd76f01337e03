import type { Ledger } from "./ledger.ts";
import { checksumIn, type Video } from "./transcode.ts";

export interface Proof {
  readonly uploaded: number;
  readonly encoded: number;
  /** No videos: set aside as dead letters, as the reference says they must be. */
  readonly refused: readonly string[];
  /** Uploaded, and neither encoded nor refused. */
  readonly lost: readonly string[];
  /** Encoded, and never uploaded. */
  readonly strange: readonly string[];
  /** What lies on disk is not what encoding the upload gives, or it was refused and should not have been. */
  readonly wrong: readonly string[];
  /** Deliveries of videos that had been encoded already: at least once means that these are allowed. */
  readonly duplicates: number;
  /** Deliveries that failed and were to come again. */
  readonly failures: number;
  /** By video, of the files on disk. */
  readonly checksums: Readonly<Record<string, string>>;
}

/** Believes nobody: ids are compared as sets, and the files on disk with the references made without any messaging. */
export function prove(videos: readonly Video[], folder: string, ledger: Ledger): Proof {
  const encoded = new Set(ledger.encodedIds);
  const refused = new Set(ledger.refusedIds);
  const ids = videos.map(({ videoId }) => videoId);
  const found = new Map(ids.map((videoId) => [videoId, checksumIn(folder, videoId) ?? null]));
  const ended = (videoId: string) => encoded.has(videoId) || refused.has(videoId);
  return {
    uploaded: ledger.standing.uploaded,
    encoded: encoded.size,
    refused: [...refused],
    lost: ids.filter((videoId) => !ended(videoId)),
    strange: [...encoded, ...refused].filter((videoId) => !found.has(videoId)),
    wrong: videos.flatMap(({ videoId, checksum }) =>
      ended(videoId) && found.get(videoId) !== checksum ? [videoId] : [],
    ),
    duplicates: ledger.duplicates,
    failures: ledger.failures,
    checksums: Object.fromEntries(
      [...found].flatMap(([videoId, checksum]) => (checksum === null ? [] : [[videoId, checksum]])),
    ),
  };
}

export const holds = ({ lost, strange, wrong }: Proof): boolean => lost.length + strange.length + wrong.length === 0;
