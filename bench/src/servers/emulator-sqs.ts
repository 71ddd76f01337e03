/** The emulator the tests use, in a process of its own. */
import { buildApp } from "fauxqs";

const app = buildApp({ logger: false, defaultRegion: "us-east-1" });
process.send?.(await app.listen({ host: "127.0.0.1", port: 0 }));
process.on("disconnect", () => process.exit(0));
