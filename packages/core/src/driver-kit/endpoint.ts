/** True for `localhost`, names under it, 127.0.0.0/8 and ::1. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.toLowerCase();
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/**
 * Parses an endpoint without a scheme, such as `localhost:4566` or `broker.internal`. `URL` alone would take the host for a scheme, or
 * fail. Undefined if the endpoint has another form.
 */
export function withoutScheme(endpoint: string): URL | undefined {
  if (!/^(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?\/?$/i.test(endpoint)) return undefined;
  if (!/[.:]|^localhost\/?$/i.test(endpoint)) return undefined;
  return URL.parse(`http://${endpoint}`) ?? undefined;
}

/** What is wrong with the endpoint of an HTTP API, or undefined. `example` is a valid one to show. */
export function originProblem(endpoint: string, allowInsecure: boolean, example: string): string | undefined {
  const bare = withoutScheme(endpoint);
  if (bare !== undefined) return `has no scheme; write ${isLoopback(bare.hostname) ? "http" : "https"}://${bare.host}`;
  const url = URL.parse(endpoint);
  if (url === null) return `${JSON.stringify(endpoint)} is not a URL; write ${example}`;
  if (url.username !== "" || url.password !== "")
    return "must not hold a user name or password; credentials come from the AWS SDK's environment";
  if (url.protocol === "https:") return undefined;
  if (url.protocol !== "http:") return `must be https:, not ${url.protocol}`;
  if (allowInsecure || isLoopback(url.hostname)) return undefined;
  return `${url.origin} is not encrypted; use https:, or set allowInsecure: true where the network is trusted`;
}
