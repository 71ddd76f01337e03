import { expect, test } from "vitest";
import type { Io } from "./io.ts";
import { Output } from "./output.ts";
import { ProgressLine, progressOf } from "./progress.ts";

const written: string[] = [];
const ioOf = (isTTY: boolean, env: Io["env"] = {}, columns = 100): Io => {
  written.length = 0;
  const stream = (name: string, tty: boolean) => ({
    isTTY: tty,
    columns,
    write: (text: string) => written.push(name + text.replaceAll("\r\u001b[K", "<")),
  });
  const stdin = (async function* (): AsyncGenerator<string> {})();
  const { signal } = new AbortController();
  return { env, cwd: "/", signal, stdin, stdout: stream("out:", false), stderr: stream("err:", isTTY) };
};
let now = 0;
const line = (io: Io) => {
  now = 0;
  return new ProgressLine(io, "sending", () => now);
};

test("one line with count, rate and time left, ten times a second at most", () => {
  const progress = line(ioOf(true));
  progress.show({ done: 0, total: 2_000 });
  now = 50;
  progress.show({ done: 40, total: 2_000 });
  now = 1_000;
  progress.show({ done: 500, total: 2_000 });
  expect(written).toEqual([
    "err:<sending  [--------------------]  0 of 2,000",
    "err:<sending  [#####---------------]  500 of 2,000  500/s  3s left",
  ]);
});

test("the end is drawn, however soon it comes", () => {
  const progress = line(ioOf(true));
  progress.show({ done: 0, total: 2 });
  progress.show({ done: 1, total: 2 });
  progress.show({ done: 2, total: 2 });
  expect(written.map((text) => text.split("]  ")[1])).toEqual(["0 of 2", "2 of 2"]);
});

test("the rate is that of the last seconds", () => {
  const progress = line(ioOf(true));
  for (let at = 0; at <= 30; at++) {
    now = at * 1_000;
    progress.show({ done: at < 10 ? at * 1_000 : 10_000 + at });
  }
  expect(written.at(-1)).toBe("err:<sending  10,030  1.0/s");
});

test("what is counted may change, and more than the total is no error", () => {
  const progress = line(ioOf(true));
  progress.show({ done: 3, total: 3, what: "canary" });
  now = 10;
  progress.show({ done: 5, total: 4, what: "sending" });
  expect(written).toEqual([
    "err:<canary  [####################]  3 of 3",
    "err:<sending  [####################]  5 of 4",
  ]);
});

test("it is no wider than the terminal, and a name cannot move the cursor", () => {
  const progress = line(ioOf(true, {}, 20));
  progress.show({ done: 1, total: 2, what: "\u001b[2J" });
  expect(written).toEqual(["err:<\\u{1b}[2J  [#######"]);
});

test.each([
  ["without a terminal", ioOf(false)],
  ["on one that cannot move its cursor", ioOf(true, { TERM: "dumb" })],
])("%s there is none", (_, io) => {
  written.length = 0;
  const progress = line(io);
  progress.show({ done: 1, total: 2 });
  progress.clear();
  expect(written).toEqual([]);
});

test("what else is written takes it away first, on both streams; the end leaves nothing", () => {
  const io = ioOf(true);
  const out = new Output(io, false);
  const progress = progressOf({ io, out }, "sending");
  progress.show({ done: 1 });
  out.line("data");
  progress.show({ done: 2 });
  out.talk("talk");
  progress.show({ done: 3 });
  progress.clear();
  progress.clear();
  expect(written.map((text) => text.replace(/ {2}[\d.,]+\/s$/, ""))).toEqual([
    ...["err:<sending  1", "err:<", "out:data\n", "err:<sending  2", "err:<", "err:talk\n", "err:<sending  3", "err:<"],
  ]);
});
