/** What a command has of the outside world. A test gives its own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: AsyncIterable<string | Uint8Array>;
  readonly stdout: Stream;
  readonly stderr: Stream;
  /** Aborts at the first SIGINT or SIGTERM, and when nobody reads stdout or stderr any more. */
  readonly signal: AbortSignal;
  /** Whether what is written to stderr is lost. It is known a moment after the write. Absent: it is not. */
  readonly unheard?: () => boolean;
}

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** `0`: done. `1`: failed. `2`: the command was not understood. `3`: something differs, or is not healthy. */
export type ExitCode = 0 | 1 | 2 | 3;

/** A command that was not understood. The text says what to write instead. */
export class UsageError extends Error {}
