/** The same application module, started twice with nothing but the profile different. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { app, type Report } from "../examples/video-encoding/src/app.ts";
import { filmLibrary, type Library } from "../examples/video-encoding/src/library.ts";
import { startAws } from "./support/aws-emulator.ts";

const FILMS = 60;
const CUT = 13;
let library: Library;
const reports = new Map<string, Report>();

beforeAll(async () => {
  library = await filmLibrary(FILMS, { cut: [CUT] });
}, 60_000);

afterAll(() => library[Symbol.dispose]());

async function run(profile: string): Promise<Report> {
  const { videos } = library;
  const report = await app({
    profile,
    videos,
    days: [10, FILMS - 10],
    folder: await library.renditions(profile),
    perEncoder: 20,
    maxEncoders: 2,
  });
  reports.set(profile, report);
  return report;
}

describe("one application", () => {
  it("runs on memory", async () => {
    expect((await run("memory")).broker).toBe("queue on memory");
  }, 60_000);

  it("runs on SQS", async () => {
    const aws = await startAws();
    for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
    try {
      expect((await run("sqs")).broker).toBe("queue on sqs");
    } finally {
      vi.unstubAllEnvs();
      await aws.close();
    }
  }, 60_000);

  it("gives the same results on both", () => {
    const [memory, sqs] = ["memory", "sqs"].map((profile) => observable(reports.get(profile)!));
    expect(sqs).toEqual(memory);
    expect(memory).toMatchObject({
      uploaded: FILMS,
      encoded: FILMS - 1,
      refused: ["video-0013"],
      lost: [],
      strange: [],
      wrong: [],
      deadLetters: { "video-0013": { reason: "not a video: frame 8 is cut off", attempts: 1 } },
    });
    expect(Object.keys(memory!.checksums)).toHaveLength(FILMS - 1);
  });
});

/** What an application may rely on. Not in it: names, times, and how often a message comes, which the contract leaves open. */
function observable(report: Report) {
  const { uploaded, encoded, refused, lost, strange, wrong, checksums } = report;
  const deadLetters = Object.fromEntries(report.deadLetters.map(({ videoId, ...why }) => [videoId, why]));
  return { uploaded, encoded, refused, lost, strange, wrong, checksums, deadLetters };
}
