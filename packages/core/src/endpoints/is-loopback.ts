import type { Peer } from "./endpoints.ts";

/**
 * True if the caller is on this machine, by the address of its connection. Headers are not looked at, since a caller chooses them: behind
 * a proxy on the same machine, everybody is on it.
 */
export function isLoopback(_request: Request, { remoteAddress }: Peer = {}): boolean {
  if (remoteAddress === undefined) return false;
  return remoteAddress === "::1" || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(remoteAddress);
}
