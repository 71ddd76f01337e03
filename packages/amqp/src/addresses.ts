/** A broker's address as given, checked; and what of it may be shown. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;

export function urlProblem(url: string, allowInsecure: boolean): string | undefined {
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== "amqp:" && parsed.protocol !== "amqps:") || parsed.hostname === "") {
    return 'must be an address like "amqps://user:password@host/vhost"';
  }
  if (parsed.protocol === "amqp:" && !LOOPBACK.test(parsed.hostname) && !allowInsecure) {
    return "amqp: to another machine is not encrypted; use amqps:, or allowInsecure: true where the network is trusted";
  }
  return undefined;
}

/** Without user, password and query. */
export function shown(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null
    ? "an address"
    : `${parsed.protocol}//${parsed.host}${parsed.pathname === "/" ? "" : parsed.pathname}`;
}
