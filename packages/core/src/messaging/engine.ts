/** What `connect()` loads when it runs, in one step. */
export { Connections } from "./connections.ts";
export { MessagingCore } from "./messaging.ts";
