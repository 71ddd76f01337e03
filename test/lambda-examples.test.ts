/** The Lambda entries of the examples through the runtime client, against the same examples as processes. */
import { afterAll, describe, expect, test } from "vitest";
import { app as fanOut } from "../examples/order-fanout/src/app.ts";
import { app as encode } from "../examples/video-encoding/src/app.ts";
import { filmLibrary } from "../examples/video-encoding/src/library.ts";
import { startAws } from "./support/aws-emulator.ts";
import { encodeOnLambda, fanOutOnLambda } from "./support/lambda/examples.ts";
import { skipped } from "./support/lambda/runtime-client.ts";

const aws = await startAws();
Object.assign(process.env, aws.env); // the examples' configuration names no endpoint
afterAll(() => aws.close());

describe.skipIf(skipped)("through the runtime client, unless SWITCHYARD_SKIP says lambda", { timeout: 90_000 }, () => {
  test("order-fanout: each service does for each customer the same, in the same order", async () => {
    const { groups } = await fanOut({ config: "three-groups.yaml", profile: "memory", orders: 30 });
    const lines = Object.fromEntries(Object.entries(groups).map(([name, group]) => [name, group.lines]));
    expect(await fanOutOnLambda(aws, 30)).toEqual(lines);
  });

  test("video-encoding: the same bytes of every video", async () => {
    using library = await filmLibrary(20);
    const { videos } = library;
    const folder = await library.renditions("process");
    const { checksums } = await encode({ profile: "memory", videos, days: [5, 15], folder });
    expect(Object.keys(checksums)).toHaveLength(20);
    expect(await encodeOnLambda(aws, videos, await library.renditions("lambda"))).toEqual(checksums);
  });
});
