/**
 * What a claim store does with one message, as a pure function. A claim goes `absent → claimed → done`; a failure makes it absent again, and
 * another may take over a claim that has expired. The memory store runs this very function. The other stores do the same in one script or
 * statement each, and a test compares them with it step by step. Another test walks through every order of steps of several workers.
 */

/** What is stored of a message. Absent: nobody has claimed it, or its last holder failed. */
export type Entry =
  /** A holder handles it. From `until` on (milliseconds, by the store's clock), another may take it over. */
  | { readonly state: "claimed"; readonly epoch: number; readonly token: string; readonly until: number }
  /** It was handled. From `until` on, that is forgotten. */
  | { readonly state: "done"; readonly epoch: number; readonly until: number };

export type Request =
  | ClaimRequest
  /** Keeps the message for `forMs` from now. */
  | { readonly ask: "renew"; readonly token: string; readonly forMs: number }
  /** Marks the message as handled, for `forMs`. */
  | { readonly ask: "done"; readonly token: string; readonly forMs: number }
  /** Gives the message up: it was not handled. */
  | { readonly ask: "release"; readonly token: string };

/** Takes the message for `forMs`. A mark of an earlier epoch does not count. */
export interface ClaimRequest {
  readonly ask: "claim";
  readonly token: string;
  readonly epoch: number;
  readonly forMs: number;
}

/** The answer to a claim. */
export type ClaimReply =
  | { readonly got: "yes" }
  /** Handled before. */
  | { readonly got: "done" }
  /** Another holds it, for `leftMs` more unless that is renewed. */
  | { readonly got: "held"; readonly leftMs: number };

/** `lost`: the claim is not the asker's any more, and nothing was changed. */
export type Reply = ClaimReply | { readonly got: "lost" };

export interface Step<R extends Reply = Reply> {
  readonly entry: Entry | undefined;
  readonly reply: R;
}

/** Carries out one request. `now` is the store's clock. */
export function step(entry: Entry | undefined, request: ClaimRequest, now: number): Step<ClaimReply>;
export function step(entry: Entry | undefined, request: Request, now: number): Step;
export function step(entry: Entry | undefined, request: Request, now: number): Step {
  if (request.ask === "claim") return claimed(entry, request, now);
  // An expired claim that nobody has taken over is still its holder's.
  if (entry?.state !== "claimed" || entry.token !== request.token) return { entry, reply: { got: "lost" } };
  const { epoch, token } = entry;
  if (request.ask === "release") return { entry: undefined, reply: { got: "yes" } };
  const until = now + request.forMs;
  const next: Entry = request.ask === "done" ? { state: "done", epoch, until } : { ...entry, token, until };
  return { entry: next, reply: { got: "yes" } };
}

function claimed(entry: Entry | undefined, { token, epoch, forMs }: ClaimRequest, now: number): Step<ClaimReply> {
  const live = entry !== undefined && entry.until > now;
  if (live && entry.state === "done" && entry.epoch >= epoch) return { entry, reply: { got: "done" } };
  // A claim of an earlier epoch counts: somebody is handling the message now. One whose reply was lost is claimed again with its token.
  if (live && entry.state === "claimed" && entry.token !== token)
    return { entry, reply: { got: "held", leftMs: entry.until - now } };
  return { entry: { state: "claimed", epoch, token, until: now + forMs }, reply: { got: "yes" } };
}
