/** What a command is given to read: files, stdin, JSON. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Io, UsageError } from "./io.ts";

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
