/** `npm run check`: everything but the tests. Each step runs even when an earlier one failed; the exit code is 0 only when all passed. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly fix?: string;
}

const steps: readonly Step[] = [
  { name: "types", command: "tsc", args: ["-b"] },
  { name: "lint", command: "oxlint", args: ["--deny-warnings"] },
  { name: "format", command: "biome", args: ["format", "."], fix: "npm run format" },
  { name: "packages (publint, attw)", command: "npm", args: ["run", "--silent", "check:packages"] },
  { name: "unused code (knip)", command: "knip", args: [] },
  { name: "lockfile (every platform)", command: "node", args: ["scripts/check-lockfile.ts"] },
  { name: "documents (links, anchors, code)", command: "node", args: ["scripts/check-documents.ts"] },
  { name: "documentation site (builds, dead links)", command: "npm", args: ["run", "--silent", "docs:build"] },
  { name: "documentation site (headings, words, anchors)", command: "node", args: ["scripts/check-site.ts"] },
];

const root = fileURLToPath(new URL("../", import.meta.url));
const env = { ...process.env, NO_COLOR: "1", TURBO_TELEMETRY_DISABLED: "1", TURBO_NO_UPDATE_NOTIFIER: "1" };

function run(step: Step): Promise<{ ok: boolean; output: string; seconds: number }> {
  const started = performance.now();
  return new Promise((resolve) => {
    let output = "";
    const finish = (ok: boolean) => resolve({ ok, output, seconds: (performance.now() - started) / 1000 });
    const child = spawn(step.command, step.args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    const keep = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) => {
      output += `${error.message}; run it through npm: npm run check\n`;
      finish(false);
    });
    child.on("close", (code) => finish(code === 0));
  });
}

let failed = 0;
for (const step of steps) {
  const { ok, output, seconds } = await run(step);
  if (!ok) failed += 1;
  console.log(`${ok ? "pass" : "FAIL"}  ${step.name}  (${seconds.toFixed(1)} s)`);
  if (!ok) console.log(`${output.trimEnd().replace(/^/gm, "      ")}`);
  if (!ok && step.fix !== undefined) console.log(`      to mend it: ${step.fix}`);
}
console.log(`${steps.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
