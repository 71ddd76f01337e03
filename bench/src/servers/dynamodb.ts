/** A DynamoDB for the peer that keeps its leases there, in a process of its own. */
import type { AddressInfo } from "node:net";
// @ts-expect-error: it has no types
import dynalite from "dynalite";

const server = dynalite({ createTableMs: 0, deleteTableMs: 0 });
server.listen(0, "127.0.0.1", () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.on("disconnect", () => process.exit(0));
