/** The modules that `connect()` loads in one step when it runs. */
export { Connections } from "./connections.ts";
export { MessagingCore } from "./messaging.ts";
