import type { RowResult, TargetResult } from "./run-row.ts";

const UNITS: Readonly<Record<string, string>> = {
  rate: "messages/s",
  cpu: "CPU ms per 1,000",
  requests: "requests per 1,000",
  microseconds: "us a message",
  publishing: "us to publish",
  reading: "us to read",
  encrypting: "us to encrypt",
  decrypting: "us to decrypt",
  bytes: "bytes a message",
  milliseconds: "ms",
  kilobytes: "KB",
  percent: "% of a core",
  p50: "us, p50",
  p99: "us, p99",
};

export function figure(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export const unitOf = (metric: string): string => UNITS[metric] ?? metric;

/** `0.97 of raw, asked: at least 0.9: met`. */
export function verdict({ metric, of, against, atLeast, atMost, unit, reached, spread, met }: TargetResult): string {
  const what =
    against !== undefined && unit === undefined ? `${of} against ${against}` : `${of}, ${unit ?? unitOf(metric)}`;
  const asked = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
  const goal = (atLeast ?? atMost) as number;
  const by = met ? "met" : `missed by ${Math.abs((reached / goal - 1) * 100).toFixed(0)} %`;
  return `${what}: ${figure(reached)} (± ${(spread * 100).toFixed(0)} %), asked ${asked}: ${Number.isFinite(reached) ? by : "missed, not measured"}`;
}

export function lines({ title, contenders, targets }: RowResult): string[] {
  const out = [title];
  for (const { name, error, values, spreads } of contenders) {
    const figures = Object.entries(values).map(
      ([metric, value]) => `${figure(value)} ${unitOf(metric)} (± ${((spreads[metric] ?? 0) * 100).toFixed(0)} %)`,
    );
    out.push(`  ${name.padEnd(30)} ${error === undefined ? figures.join(", ") : `cannot run: ${error}`}`);
  }
  return [...out, ...targets.map((target) => `  ${target.met ? "met   " : "MISSED"} ${verdict(target)}`)];
}
