import { type CaseResult, describe, type Report } from "../report.ts";

/** A transport that could not be opened, and why. */
export interface Unopened {
  readonly harness: string;
  readonly error: unknown;
}

/** The result of a whole run. */
export interface Outcome {
  readonly exitCode: number;
  /** Milliseconds. */
  readonly ms: number;
  readonly reports: readonly Report[];
  readonly unopened: readonly Unopened[];
}

const MARK: Readonly<Record<CaseResult["status"], string>> = {
  passed: "ok",
  failed: "FAILED",
  skipped: "skipped",
  exempt: "exempt",
  "exempt-but-passes": "passes although exempt",
};

/** One line for a case that has ended. A failed case has its error in it. */
export function progressLine(
  harness: string,
  at: number,
  of: number,
  { id, status, ms, because, error, stalled = [] }: CaseResult,
): string {
  const count = `${String(at).padStart(String(of).length)}/${of}`;
  const why = status === "failed" ? `: ${describe(error)}` : because === undefined ? "" : `: ${because}`;
  const notCounted = stalled.map((run) => `; a run did not count: ${run}`).join("");
  return `${harness}  ${count}  ${MARK[status]}  ${id}${status === "skipped" ? "" : ` (${ms} ms)`}${why}${notCounted}`;
}

/** The result as JSON. `version` rises when a field changes its meaning. */
export function asJson({ exitCode, ms, reports, unopened }: Outcome): string {
  const transports = reports.map(({ harness, ok, results }) => ({
    name: harness,
    ok,
    counts: countsOf(results),
    cases: results.map(({ error, ...rest }) => ({
      ...rest,
      ...(error === undefined ? {} : { error: describe(error) }),
    })),
  }));
  const failed = unopened.map(({ harness, error }) => ({ name: harness, error: describe(error) }));
  const result = { version: 1, ok: exitCode === 0, exitCode, ms, transports, unopened: failed };
  return `${JSON.stringify(result, undefined, 2)}\n`;
}

function countsOf(results: readonly CaseResult[]) {
  const count = (...statuses: readonly string[]) => results.filter(({ status }) => statuses.includes(status)).length;
  return {
    passed: count("passed"),
    failed: count("failed"),
    exempt: count("exempt", "exempt-but-passes"),
    skipped: count("skipped"),
  };
}

// Characters that XML 1.0 cannot contain, not even escaped.
const NOT_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "&#10;",
};
const xml = (text: string): string => text.replace(NOT_XML, "\uFFFD").replace(/[&<>"\n]/g, (found) => ENTITIES[found]!);

/** The result as JUnit XML: a suite for each transport, with the clause in a case's class name. An exempt case counts as skipped. */
export function asJUnit({ ms, reports, unopened }: Outcome): string {
  const suites = [
    ...reports.map(({ harness, results }) => {
      const { failed, exempt, skipped } = countsOf(results);
      const time = results.reduce((sum, result) => sum + result.ms, 0);
      const head = suiteHead(harness, results.length, failed, 0, exempt + skipped, time);
      return [head, ...results.map((result) => testCase(harness, result)), "  </testsuite>"].join("\n");
    }),
    ...unopened.map(({ harness, error }) =>
      [
        suiteHead(harness, 1, 0, 1, 0, 0),
        `    <testcase classname="${xml(harness)}" name="opens" time="0"><error message="${xml(describe(error))}"/></testcase>`,
        "  </testsuite>",
      ].join("\n"),
    ),
  ];
  const head = `<testsuites name="Switchyard contract" time="${seconds(ms)}">`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${[head, ...suites].join("\n")}\n</testsuites>\n`;
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(3);

function suiteHead(name: string, tests: number, failures: number, errors: number, skipped: number, ms: number): string {
  const counts = `tests="${tests}" failures="${failures}" errors="${errors}" skipped="${skipped}"`;
  return `  <testsuite name="${xml(name)}" ${counts} time="${seconds(ms)}">`;
}

function testCase(harness: string, { id, clause, title, status, because = "", error, ms }: CaseResult): string {
  const head = `    <testcase classname="${xml(`${harness}.${clause}`)}" name="${xml(`${id}: ${title}`)}" time="${seconds(ms)}"`;
  if (status === "failed") {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${head}><failure message="${xml(describe(error))}">${xml(stack.slice(0, 4_000))}</failure></testcase>`;
  }
  if (status === "passed" || status === "exempt-but-passes") return `${head}/>`;
  return `${head}><skipped message="${xml(because)}"/></testcase>`;
}
