import { spawn } from "node:child_process";

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  /** Both streams, as they came. */
  readonly output: string;
}

/** Runs a program to its end, without a shell or an input. Never rejects: a program that does not start has code null. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Record<string, string | undefined>; readonly timeout?: number },
): Promise<Ran> {
  return new Promise((resolve) => {
    let stdout = "";
    let output = "";
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, NODE_OPTIONS: undefined, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: options.timeout ?? 120_000,
    });
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      output += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.on("error", (error) => resolve({ code: null, stdout, output: `${output}${error.message}` }));
    child.on("close", (code) => resolve({ code, stdout, output }));
  });
}
