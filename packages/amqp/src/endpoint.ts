/** Checks a broker's address, and removes from it what must not be shown. */
import type { FoundPlace, ServerAddress } from "@switchyard/core/driver";
import { isLoopback, withoutScheme } from "@switchyard/core/driver-kit";

export function urlProblem(url: string, allowInsecure: boolean): string | undefined {
  const bare = withoutScheme(url);
  if (bare !== undefined) return `has no scheme; write ${isLoopback(bare.hostname) ? "amqp" : "amqps"}://${bare.host}`;
  const parsed = URL.parse(url);
  // Such a character ends the first part of the address, so a part of the password would be read as a host, a port or a path.
  if ((parsed === null || parsed.username === "") && /^amqps?:\/\/[^@]*[#/?][^@]*@/i.test(url))
    return 'holds a bare "#", "/" or "?" before its "@"; in a user or password write %23, %2F and %3F';
  if (parsed !== null && !isDecodable(parsed))
    return 'holds a bare "%" in its user, password or virtual host; write %25';
  if (parsed === null || (parsed.protocol !== "amqp:" && parsed.protocol !== "amqps:") || parsed.hostname === "") {
    return 'must be an address like "amqps://user:password@host/vhost"';
  }
  if (parsed.protocol === "amqp:" && !isLoopback(parsed.hostname) && !allowInsecure) {
    return "amqp: to another machine is not encrypted; use amqps:, or allowInsecure: true where the network is trusted";
  }
  return undefined;
}

function isDecodable({ username, password, pathname }: URL): boolean {
  try {
    decodeURIComponent(username + password + pathname);
    return true;
  } catch {
    return false;
  }
}

/** The host and port of an address, and nothing else of it. */
export function serverAt(url: string): ServerAddress | undefined {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.hostname === "") return undefined;
  const usual = parsed.protocol === "amqps:" ? 5671 : 5672;
  return { address: parsed.hostname.replace(/^\[|\]$/g, ""), port: parsed.port === "" ? usual : Number(parsed.port) };
}

/** The host with its port, and the virtual host, of an address. */
export function placeAt(url: string): FoundPlace {
  const server = serverAt(url);
  if (server === undefined) return {};
  const { address, port } = server;
  const path = decodeURIComponent(URL.parse(url)!.pathname.slice(1));
  return { host: `${address.includes(":") ? `[${address}]` : address}:${port}`, virtualHost: path === "" ? "/" : path };
}

/** As {@link serverAt}, for each call: an address seldom changes. The same answer is the same object. */
export function serverOf(client: { readonly url: string }): () => ServerAddress | undefined {
  let known: { readonly url: string; readonly server: ServerAddress | undefined } | undefined;
  return () => {
    const { url } = client;
    if (known?.url !== url) known = { url, server: serverAt(url) };
    return known.server;
  };
}

/** The address without user, password and query. */
export function shown(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null
    ? "an address"
    : `${parsed.protocol}//${parsed.host}${parsed.pathname === "/" ? "" : parsed.pathname}`;
}
