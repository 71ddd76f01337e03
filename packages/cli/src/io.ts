import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** What a command has of the outside world. A test gives its own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: AsyncIterable<string | Uint8Array>;
  readonly stdout: Stream;
  readonly stderr: Stream;
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
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

async function allOf(stdin: Io["stdin"]): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stdin) text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

/** The text of the file that an option names, or of stdin for `-`. */
export async function textOf(file: string, option: string, { stdin, cwd }: Pick<Io, "stdin" | "cwd">): Promise<string> {
  if (file === "-") return allOf(stdin);
  try {
    return readFileSync(resolve(cwd, file), "utf8");
  } catch (error) {
    throw new UsageError(`${option}: ${(error as Error).message}`);
  }
}

/** `where`: what the text is, for the error. */
export function jsonOf(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`${where} is not valid JSON; on the command line quote it for the shell: '{"orderId":"1"}'`);
  }
}
