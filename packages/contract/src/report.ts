import type { ContractCase } from "./case.ts";

/** How a case ended. */
export type Status = "passed" | "failed" | "skipped" | "exempt" | "exempt-but-passes";

/** The result of one case. */
export interface CaseResult {
  readonly id: string;
  readonly clause: string;
  readonly title: string;
  readonly status: Status;
  /** Why the case was skipped or is exempt. */
  readonly because?: string;
  readonly error?: unknown;
  /**
   * The runs that failed while the machine stalled. Each entry says what stalled and how the run failed. The case runs again after a
   * stalled run, up to three runs in all; `status` is that of the last. Absent if no run stalled.
   */
  readonly stalled?: readonly string[];
  /** Milliseconds that all runs of the case took together. */
  readonly ms: number;
}

/** The results of a run on one transport. */
export interface Report {
  readonly harness: string;
  readonly results: readonly CaseResult[];
  readonly ok: boolean;
}

const MARK: Record<Status, string> = {
  passed: "✓",
  failed: "✗",
  skipped: "–",
  exempt: "e",
  "exempt-but-passes": "✓ (e)",
};

function tally(report: Report, status: Status): number {
  return report.results.filter((result) => result.status === status).length;
}

/** One line for each transport, then the cases that failed, were exempt or were skipped, with the reason. */
export function summary(reports: readonly Report[]): string {
  const lines: string[] = [];
  for (const report of reports) {
    const ran = report.results.reduce((sum, result) => sum + result.ms, 0);
    const exempt = tally(report, "exempt") + tally(report, "exempt-but-passes");
    lines.push(
      `${report.ok ? "ok  " : "FAIL"} ${report.harness}: ${tally(report, "passed")} passed, ${tally(report, "failed")} failed, ` +
        `${exempt} exempt, ${tally(report, "skipped")} skipped (${(ran / 1000).toFixed(1)} s of cases)`,
    );
    for (const result of report.results) {
      if (result.status === "failed") lines.push(`  ✗ ${result.id}: ${describe(result.error)}`);
      for (const why of result.stalled ?? []) lines.push(`  ↻ ${result.id}: ${why}`);
      if (result.status === "exempt") lines.push(`  e ${result.id}: ${result.because}`);
      if (result.status === "exempt-but-passes")
        lines.push(`  e ${result.id}: passes now; remove its exemption (${result.because})`);
    }
    const reasons = new Map<string, string[]>();
    for (const result of report.results) {
      if (result.status === "skipped")
        reasons.set(result.because!, [...(reasons.get(result.because!) ?? []), result.id]);
    }
    for (const [because, ids] of reasons) lines.push(`  – ${because}: ${ids.join(", ")}`);
  }
  return lines.join("\n");
}

/** An error as text: its code, its message and its causes. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as { code?: unknown }).code;
  const cause = error.cause === undefined ? "" : ` <- ${describe(error.cause)}`;
  return `${typeof code === "string" ? `[${code}] ` : ""}${error.message.trim().slice(0, 600)}${cause}`;
}

/** The results of all cases on all transports as Markdown tables. The same input gives the same text. */
export function matrix(cases: readonly ContractCase[], reports: readonly Report[]): string {
  const lines: string[] = [];
  const clauses = [...new Set(cases.map((each) => each.clause))];
  const header = `| | ${reports.map((report) => report.harness).join(" | ")} |`;
  const rule = `|---|${reports.map(() => ":-:").join("|")}|`;
  for (const clause of clauses) {
    lines.push(`### ${clause}`, "", header, rule);
    for (const each of cases.filter((one) => one.clause === clause)) {
      const cells = reports.map((report) => {
        const result = report.results.find((one) => one.id === each.id);
        return result === undefined ? "" : MARK[result.status];
      });
      lines.push(`| ${each.title} <br>\`${each.id}\` | ${cells.join(" | ")} |`);
    }
    lines.push("");
  }
  return lines.join("\n");
}

/** Why a cell of the matrix is not ✓: a capability, or an emulator's exemption. */
export function notes(reports: readonly Report[]): string {
  const lines: string[] = [];
  for (const report of reports) {
    const skipped = new Map<string, string[]>();
    for (const { status, because, id } of report.results) {
      if (status === "skipped") skipped.set(because!, [...(skipped.get(because!) ?? []), id]);
    }
    const exempt = report.results.filter(({ status }) => status === "exempt" || status === "exempt-but-passes");
    if (skipped.size === 0 && exempt.length === 0) continue;
    lines.push(`### ${report.harness}`, "");
    for (const [because, ids] of [...skipped].sort(([a], [b]) => a.localeCompare(b))) {
      lines.push(`- – ${because}: ${ids.map((id) => `\`${id}\``).join(", ")}`);
    }
    for (const { id, because } of exempt) lines.push(`- e \`${id}\`: ${because}`);
    lines.push("");
  }
  return lines.join("\n");
}
