#!/usr/bin/env node
import { relative } from "node:path";
import { create } from "./create.ts";

const [folder, ...more] = process.argv.slice(2);
if (folder === undefined || folder.startsWith("-") || more.length > 0) {
  process.stderr.write("usage: npm create @switchyard FOLDER\n\nexample:\n  npm create @switchyard order-billing\n");
  process.exitCode = folder === "--help" ? 0 : 2;
} else {
  try {
    const files = create(folder);
    process.stdout.write(`${files.map((file) => `  ${file}`).join("\n")}\n`);
    const place = relative(process.cwd(), folder);
    process.stdout.write(`\n${place === "" ? "" : `cd ${place} && `}npm install && npm test && npm start\n`);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
