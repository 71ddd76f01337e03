import type { Handle } from "./endpoints.ts";

/** What is used of `IncomingMessage` of `node:http`. */
interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** What is used of `ServerResponse` of `node:http`. */
interface NodeResponse {
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(text: string): unknown;
}

/** Makes a listener for `createServer()` of `node:http`, and for what builds on it. */
export function toNode(handle: Handle): (request: NodeRequest, response: NodeResponse) => void {
  return ({ method = "GET", url = "/", socket }, response) => {
    // Only the path counts; what a caller calls this host does not.
    const asked = URL.canParse(url, "http://localhost") ? new URL(url, "http://localhost") : "http://localhost/";
    const request = new Request(asked, { method: method === "HEAD" || method === "GET" ? method : "POST" });
    void handle(request, { remoteAddress: socket.remoteAddress }).then(async (answer) => {
      const text = await answer.text();
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(text);
    });
  };
}
