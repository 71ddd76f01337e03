import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Ledger } from "./ledger.ts";
import { holds, prove } from "./proof.ts";

describe("the ledger", () => {
  it("counts what waits, runs and is done", () => {
    const ledger = new Ledger();
    for (const id of ["a", "b", "c"]) ledger.uploaded(id);
    ledger.started("a");
    ledger.encoded("a");
    ledger.started("b");
    expect(ledger.standing).toEqual({ uploaded: 3, encoded: 1, inFlight: 1, backlog: 1 });
  });

  it("tells a duplicate from a delivery after a failure", () => {
    const ledger = new Ledger();
    ledger.uploaded("a");
    ledger.started("a");
    ledger.failed("a");
    ledger.started("a");
    ledger.encoded("a");
    expect([ledger.failures, ledger.duplicates]).toEqual([1, 0]);
    ledger.started("a");
    ledger.encoded("a");
    expect([ledger.failures, ledger.duplicates]).toEqual([1, 1]);
    expect(ledger.encodedIds).toEqual(["a"]);
  });

  describe("waiting", () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    it("ends when the last upload is encoded", async () => {
      const ledger = new Ledger();
      ledger.uploaded("a");
      const idle = ledger.idle(1000);
      await vi.advanceTimersByTimeAsync(900);
      ledger.started("a");
      await vi.advanceTimersByTimeAsync(900);
      ledger.encoded("a");
      expect(await idle).toBe(true);
    });

    it("gives up once nothing has moved for long enough", async () => {
      const ledger = new Ledger();
      ledger.uploaded("a");
      const idle = ledger.idle(1000);
      await vi.advanceTimersByTimeAsync(1000);
      expect(await idle).toBe(false);
    });
  });
});

describe("the proof", () => {
  it("finds the lost, the strange and the wrong", () => {
    const ledger = new Ledger();
    const videos = ["a", "b"].map((videoId) => ({ videoId, url: `file:///nowhere/${videoId}`, checksum: "0" }));
    videos.push({ videoId: "c", url: "file:///nowhere/c", checksum: "0" });
    for (const { videoId } of videos) ledger.uploaded(videoId);
    for (const videoId of ["a", "x"]) {
      ledger.started(videoId);
      ledger.encoded(videoId);
    }
    ledger.started("c");
    ledger.refused("c");
    const proof = prove(videos, "/nowhere", ledger);
    expect(proof).toMatchObject({
      uploaded: 3,
      refused: ["c"],
      lost: ["b"],
      strange: ["x"],
      wrong: ["a", "c"],
      checksums: {},
    });
    expect(holds(proof)).toBe(false);
    expect(holds({ ...proof, lost: [], strange: [], wrong: [] })).toBe(true);
  });
});
