/**
 * `/metrics`, `/livez` and `/readyz` as one handler of the web's `Request` and `Response`, which Node's http, Fastify, Hono and others can
 * serve.
 */
export { type EndpointOptions, endpoints, type Handle, type MetricsSource, type Peer } from "./endpoints.ts";
export { isLoopback } from "./is-loopback.ts";
export { toNode } from "./to-node.ts";
