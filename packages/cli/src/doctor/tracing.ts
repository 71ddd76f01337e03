/** Telemetry that gets in the way of other telemetry, by what the project depends on. */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Finding } from "./finding.ts";

const OURS = "@switchyard/otel";
const API = "@opentelemetry/api";
/** They make spans of the calls of brokers' clients. */
const CLIENTS: readonly string[] = [
  "@opentelemetry/instrumentation-aws-sdk",
  "@opentelemetry/instrumentation-amqplib",
  "@opentelemetry/auto-instrumentations-node",
];

/** `root`: the folder of the project's package.json. */
export function tracing(root: string): readonly Finding[] {
  const depends = dependenciesOf(root);
  const clients = CLIENTS.filter((name) => depends.has(name));
  const ours = depends.has(OURS);
  const found: Finding[] = [];
  if (clients.length > 0 && !ours) {
    const text = `${clients.join(" and ")} make no spans of our calls, since such a span names one publisher for a whole batch, so nothing shows them; install ${OURS} and pass connect({ telemetry: otel() })`;
    found.push({ check: "tracing", status: "warning", text });
  }
  if (clients.length > 0 && ours)
    found.push({
      check: "tracing",
      status: "ok",
      text: `${OURS} makes the spans of our calls; ${clients.join(" and ")} make none beside them`,
    });
  const apis = ours ? copiesOf(API, root) : [];
  if (apis.length > 1) {
    const text = `${OURS} and the project load different copies of ${API} (${apis.join(", ")}), so its spans reach no SDK; install one version: npm dedupe`;
    found.push({ check: "tracing", status: "failure", text });
  }
  return found;
}

function dependenciesOf(root: string): ReadonlySet<string> {
  const {
    dependencies = {},
    devDependencies = {},
    optionalDependencies = {},
  } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, object | undefined>;
  return new Set([...Object.keys(dependencies), ...Object.keys(devDependencies), ...Object.keys(optionalDependencies)]);
}

/** The folders of the package as the project and as our telemetry find it. */
function copiesOf(name: string, root: string): readonly string[] {
  const ours = folderOf(OURS, root);
  const places = [root, ...(ours === undefined ? [] : [ours])];
  return [...new Set(places.flatMap((place) => folderOf(name, place) ?? []))];
}

function folderOf(name: string, from: string): string | undefined {
  for (const folder of createRequire(join(from, "package.json")).resolve.paths(name) ?? []) {
    const found = join(folder, name);
    if (existsSync(join(found, "package.json"))) return dirname(realpathSync(join(found, "package.json")));
  }
  return undefined;
}
