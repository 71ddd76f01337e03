/** The emulator the tests use, in a process of its own. */
import { startKinesis } from "../../../test/support/kinesis-emulator.ts";

process.send?.((await startKinesis()).endpoint);
process.on("disconnect", () => process.exit(0));
