import { deliver, testbed } from "@switchyard/memory/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { app } from "./app.ts";
import { uploads } from "./channels.ts";
import { encoder } from "./encoder.ts";
import { Ledger } from "./ledger.ts";
import { filmLibrary, type Library } from "./library.ts";
import { NotAVideo } from "./media/y4m.ts";
import { holds, prove } from "./proof.ts";
import { type EncodeJob, encodeInto } from "./transcode.ts";
import { uploader } from "./uploader.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const CUT = 7;
let library: Library;

beforeAll(async () => {
  library = await filmLibrary(40, { cut: [CUT] });
});

afterAll(() => library[Symbol.dispose]());

describe("the encoder is a function of an upload", () => {
  const upload = { videoId: "video-0001", url: "file:///uploads/video-0001.y4m" };
  const deliverTo = (encode: () => never) => {
    const ledger = new Ledger();
    ledger.uploaded(upload.videoId);
    return deliver(encoder({ encode, ledger }), "video.uploaded", upload, { attempt: 1 });
  };

  it("whose failure is tried again", async () => {
    const result = await deliverTo(() => {
      throw new Error("disk full");
    });
    expect(result.verdict).toBe("retry");
  });

  it("which gives up at once on what is no video", async () => {
    const result = await deliverTo(() => {
      throw new NotAVideo("no frames");
    });
    expect(result).toMatchObject({ verdict: "deadLetter", reason: "not a video: no frames" });
  });
});

it("encodes every upload, tries a failed one again, and sets aside what is no video", async () => {
  const folder = await library.renditions("testbed");
  await using bed = await testbed({
    channels: [uploads],
    policy: { retry: { attempts: 3, backoff: "constant", first: "1h" } },
  });
  const ledger = new Ledger();
  let failures = 1;
  const encode = (job: EncodeJob) => {
    if (failures-- > 0) throw new Error("disk full");
    return encodeInto(folder, job);
  };
  bed.messaging.consume(encoder({ encode, ledger }));
  await bed.messaging.start();

  const upload = uploader(bed.messaging, ledger);
  await upload.trickle(library.videos.slice(0, 10));
  await upload.burst(library.videos.slice(10));
  await bed.settled();
  expect(ledger.standing).toEqual({ uploaded: 40, encoded: 38, inFlight: 0, backlog: 1 });

  await bed.clock.advance("1h");
  const proof = prove(library.videos, folder, ledger);
  expect(proof).toMatchObject({
    uploaded: 40,
    encoded: 39,
    refused: ["video-0007"],
    lost: [],
    duplicates: 0,
    failures: 1,
  });
  expect(holds(proof)).toBe(true);
  expect(bed.dead(uploads, "encoder").map(({ data, reason }) => [data, reason])).toEqual([
    [{ videoId: "video-0007", url: library.videos[CUT - 1]!.url }, "not a video: frame 8 is cut off"],
  ]);
});

it("has encoders join while uploads wait, survives the death of one, and loses nothing", async () => {
  const notes: string[] = [];
  const report = await app({
    profile: "memory",
    videos: library.videos,
    days: [10, 30],
    folder: await library.renditions("memory"),
    perEncoder: 15,
    maxEncoders: 2,
    lookEveryMs: 1,
    crashAt: 20,
    view: { note: (line) => notes.push(line), show() {}, end() {} },
  });
  expect(report).toMatchObject({
    broker: "queue on memory",
    uploaded: 40,
    encoded: 39,
    lost: [],
    failures: 1,
    strange: [],
    wrong: [],
    leftOver: 0,
    mostEncoders: 2,
  });
  expect(report.deadLetters).toContainEqual({
    videoId: "video-0007",
    reason: "not a video: frame 8 is cut off",
    attempts: 1,
  });
  expect(notes.filter((note) => note.includes("joins"))).toHaveLength(1);
});
