import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LiveView } from "./live-view.ts";
import { PlainView } from "./plain-view.ts";
import { viewFor } from "./view-for.ts";

const scene = { title: "day 4", uploaded: 100, encoded: 25, backlog: 70, inFlight: 5, encoders: 2 };
const terminal = { isTTY: true, columns: 100 };
let written = "";
const stream = (like: object) =>
  ({ ...like, write: (text: string) => ((written += text), true) }) as unknown as NodeJS.WriteStream;

beforeEach(() => {
  written = "";
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

it("draws on a terminal, and writes lines elsewhere", () => {
  expect(viewFor(stream(terminal), { TERM: "xterm" })).toBeInstanceOf(LiveView);
  for (const env of [{ TERM: "dumb" }, { CI: "true" }])
    expect(viewFor(stream(terminal), env)).toBeInstanceOf(PlainView);
  expect(viewFor(stream({}), {})).toBeInstanceOf(PlainView);
});

it("writes notes at once and at most one line a second", () => {
  const lines: string[] = [];
  const view = new PlainView((line) => lines.push(line));
  view.note("encoder 2 joins");
  view.show(scene);
  vi.advanceTimersByTime(1000);
  view.show(scene);
  vi.advanceTimersByTime(500);
  view.show({ ...scene, encoded: 60 });
  expect(lines).toEqual(["encoder 2 joins", "  day 4: encoded 25 of 100, backlog 70, in flight 5, encoders 2"]);
});

it("draws over its own picture, below the notes", () => {
  const view = new LiveView(stream(terminal), { colour: false });
  view.show(scene);
  const picture = written.split("\n");
  expect(picture[1]).toBe(`  encoded   ${"█".repeat(15)}${"░".repeat(45)} 25 of 100`);
  expect(picture[2]).toContain("70 waiting");
  expect(picture[3]).toContain("●●");

  written = "";
  view.note("encoder 3 joins");
  expect(written.startsWith("\x1b[4A\x1b[Jencoder 3 joins\nday 4\n")).toBe(true);

  written = "";
  view.end();
  view.note("proved");
  expect(written).toBe("proved\n");
});
