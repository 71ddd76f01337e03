/** The demo's functions: two examples through the runtime client of AWS Lambda, against the same examples as processes. */
import { isDeepStrictEqual } from "node:util";
import { app as fanOut } from "../examples/order-fanout/src/app.ts";
import { app as encode } from "../examples/video-encoding/src/app.ts";
import { filmLibrary } from "../examples/video-encoding/src/library.ts";
import { startAws } from "../test/support/aws-emulator.ts";
import { skipped } from "../test/support/lambda/runtime-client.ts";
import { notRun, reasonOf, withEnvironment } from "./demo-brokers.ts";

const ORDERS = 60;
const VIDEOS = 60;

/** What went wrong; empty: nothing. The mappings are imitated, so this runs on the emulator alone. */
export async function functions(): Promise<readonly string[]> {
  const examples = skipped
    ? { missing: "SWITCHYARD_SKIP says so" }
    : await import("../test/support/lambda/examples.ts").catch((error: unknown) => ({ missing: reasonOf(error) }));
  if ("missing" in examples) {
    console.log(`${notRun("Lambda", examples)}\n`);
    return [];
  }
  const { encodeOnLambda, fanOutOnLambda } = examples;
  const given = process.env["SWITCHYARD_AWS"];
  process.env["SWITCHYARD_AWS"] = "emulator";
  const aws = await startAws();
  const failures: string[] = [];
  try {
    console.log(
      "The same services as functions on AWS Lambda: the runtime client from npm, mappings of an emulator's queues.",
    );
    await withEnvironment({ ...aws.env, AWS_REGION: aws.region }, async () => {
      const asProcess = await fanOut({ config: "three-groups.yaml", profile: "memory", orders: ORDERS });
      const lines = Object.fromEntries(Object.entries(asProcess.groups).map(([name, group]) => [name, group.lines]));
      const same = isDeepStrictEqual(await fanOutOnLambda(aws, ORDERS), lines);
      console.log(
        `  orders: ${asProcess.published} for each of three groups, ${same ? "as in the process" : "DIFFERENT"}`,
      );
      if (!same) failures.push("lambda: the services did something else than in a process");

      using library = await filmLibrary(VIDEOS);
      const { videos } = library;
      const { checksums } = await encode({
        profile: "memory",
        videos,
        days: [VIDEOS],
        folder: await library.renditions("process"),
      });
      const equal = isDeepStrictEqual(await encodeOnLambda(aws, videos, await library.renditions("lambda")), checksums);
      console.log(`  videos: ${VIDEOS}, ${equal ? "byte for byte as in the process" : "DIFFERENT"}\n`);
      if (!equal) failures.push("lambda: the videos differ from those of a process");
    });
  } catch (error) {
    console.error("lambda: FAILED\n", error, "\n");
    failures.push(`lambda: ${reasonOf(error)}`);
  } finally {
    await aws.close();
    if (given === undefined) delete process.env["SWITCHYARD_AWS"];
    else process.env["SWITCHYARD_AWS"] = given;
  }
  return failures;
}
