import { expect, test } from "vitest";
import { accessLog, parse } from "./access-log.ts";
import { app } from "./app.ts";
import { holds, reportLines } from "./report.ts";
import { Sessions } from "./sessions.ts";

test("the log is the same every time, every line of it is read, and its times rise", () => {
  const lines = [...accessLog(2_000)];
  expect([...accessLog(2_000)]).toEqual(lines);
  const views = lines.map((line, index) => parse(line, index + 1)!);
  expect(views.every((view) => view !== undefined)).toBe(true);
  expect(views.map(({ at }) => at)).toEqual(views.map(({ at }) => at).sort());
  expect(parse("not a line", 1)).toBeUndefined();
});

test("sessions are half an hour apart; a view that comes again counts once, one out of order is seen", () => {
  const view = (line: number, at: string) => ({ visitor: "v", line, at, path: "/", status: 200 });
  const views = [view(1, "2026-11-20T08:00:00Z"), view(2, "2026-11-20T08:20:00Z"), view(3, "2026-11-20T09:00:00Z")];
  const [right, again, wrong] = [new Sessions(), new Sessions(), new Sessions()];
  for (const each of views) right.count(each);
  for (const each of [views[0]!, views[1]!, views[0]!, views[1]!, views[2]!]) again.count(each);
  for (const each of [views[1]!, views[0]!, views[2]!]) wrong.count(each);
  expect(right.visitors.get("v")).toMatchObject({ views: 3, sessions: 2 });
  expect(again.differences(right)).toEqual([]);
  expect(again.duplicates).toBe(2);
  expect(wrong.differences(right)).toHaveLength(1);
});

test("through a kill, a join and a split every visitor's totals are right", { timeout: 60_000 }, async () => {
  const said: string[] = [];
  const report = await app({ profile: "memory", lines: 5_000, say: (text) => said.push(text) });
  expect(report.differences).toEqual([]);
  expect(report.shards).toEqual([2, 3]);
  expect(holds(report)).toBe(true);
  expect(reportLines(report).at(-1)).toContain("one process");
  expect(said.join()).toMatch(/killed.*split.*added/);
});
