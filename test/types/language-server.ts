import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const TSC = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));

export interface Completion {
  readonly label: string;
  readonly sortText?: string;
}

/** The compiler's language server on a folder: what an editor shows, asked for as an editor asks. */
export class LanguageServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #received = Buffer.alloc(0);
  #id = 0;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#child = spawn(process.execPath, [TSC, "--lsp", "--stdio"], {
      cwd: folder,
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      while (this.#readOne());
    });
    this.#child.once("exit", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the language server ended"));
    });
  }

  static async start(folder: string): Promise<LanguageServer> {
    const server = new LanguageServer(folder);
    await server.#request("initialize", {
      processId: process.pid,
      rootUri: pathToFileURL(folder).href,
      capabilities: {
        textDocument: {
          completion: {
            completionItem: { insertReplaceSupport: true, snippetSupport: true },
            completionList: { itemDefaults: ["commitCharacters", "editRange"] },
          },
          hover: { contentFormat: ["markdown"] },
        },
      },
    });
    server.#notify("initialized", {});
    return server;
  }

  open(file: string, text: string): void {
    this.#notify("textDocument/didOpen", {
      textDocument: { uri: this.#uri(file), languageId: "typescript", version: 1, text },
    });
  }

  async completions(file: string, position: { line: number; character: number }): Promise<readonly Completion[]> {
    const asked = { textDocument: { uri: this.#uri(file) }, position, context: { triggerKind: 1 } };
    const result = (await this.#request("textDocument/completion", asked)) as
      | { items: readonly Completion[] }
      | readonly Completion[]
      | null;
    return result === null ? [] : "items" in result ? result.items : result;
  }

  /** The text an editor shows over the name at the position. */
  async hover(file: string, position: { line: number; character: number }): Promise<string> {
    const asked = { textDocument: { uri: this.#uri(file) }, position };
    const result = (await this.#request("textDocument/hover", asked)) as { contents: { value: string } } | null;
    return result?.contents.value ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    if (this.#child.exitCode === null && this.#child.kill()) await ended;
  }

  #uri(file: string): string {
    return pathToFileURL(join(this.#folder, file)).href;
  }

  #request(method: string, params: object): Promise<unknown> {
    const id = ++this.#id;
    const answered = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#send({ id, method, params });
    return answered;
  }

  #notify(method: string, params: object): void {
    this.#send({ method, params });
  }

  #send(message: object): void {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    this.#child.stdin?.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #readOne(): boolean {
    const headerEnd = this.#received.indexOf("\r\n\r\n");
    if (headerEnd < 0) return false;
    const length = Number(/Content-Length: (\d+)/i.exec(this.#received.toString("latin1", 0, headerEnd))?.[1]);
    const end = headerEnd + 4 + length;
    if (this.#received.length < end) return false;
    const message = JSON.parse(this.#received.toString("utf8", headerEnd + 4, end)) as {
      id?: number;
      method?: string;
      result?: unknown;
      error?: { message: string };
    };
    this.#received = this.#received.subarray(end);
    this.#take(message);
    return true;
  }

  #take({
    id,
    method,
    result,
    error,
  }: {
    id?: number;
    method?: string;
    result?: unknown;
    error?: { message: string };
  }) {
    if (id === undefined) return;
    // The server's own questions (its settings, what to watch) have no answer here.
    if (method !== undefined) return this.#send({ id, result: method === "workspace/configuration" ? [] : null });
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error.message));
  }
}
