/**
 * Reads YAML: configuration files and values of environment variables. The parser is loaded when the first text needs it, because it is
 * CommonJS, which not every bundle can run. Most bundles get their configuration as a value.
 */
import { basename } from "node:path";
import { invalidConfig } from "../layers/problems.ts";

/** Parses a YAML file. An entry with nothing after its colon is an entry without settings. */
export async function readYamlFile(file: string, text: string): Promise<unknown> {
  const name = basename(file);
  const { isScalar, LineCounter, parseDocument, visit } = await parser(name, "write it as JSON");
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines, logLevel: "silent" });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return {
        path: `${name}:${line}:${col}`,
        message: `not valid YAML: ${error.code.toLowerCase().replaceAll("_", " ")}`,
      };
    });
    // The parser reports some mistakes twice at one place.
    const once = new Map(problems.map((problem) => [`${problem.path} ${problem.message}`, problem]));
    throw invalidConfig(name, [...once.values()]);
  }
  // Nothing after the colon means an entry without settings. Only a written null removes one.
  visit(document, {
    Pair(_, pair) {
      if (isScalar(pair.value) && pair.value.value === null && (pair.value.source ?? "") === "")
        pair.value = document.createNode({});
    },
  });
  try {
    return document.contents === null ? {} : document.toJS();
  } catch {
    throw invalidConfig("configuration", [{ path: name, message: "not valid YAML: its aliases cannot be resolved" }]);
  }
}

const WHOLE_NUMBER = /^(?:0|[1-9]\d{0,14})$/;
/** Plain text for YAML: names, addresses without a query, durations and sizes. */
const WORD = /^(?!(?:true|false|null)$)(?:[a-z]|[1-9]\d*[a-z]{1,2}$)[\w./@-]*(?::[\w./@-]+)*$/i;

/**
 * Reads a variable's value as a YAML scalar. If it is not one (`@x`, `a: b`), it is the text itself. Plain words and numbers are read
 * without the parser, with the same result, so that a bundle without the parser can use environment variables.
 */
export async function readYamlScalar(variable: string, text: string): Promise<unknown> {
  if (text === "true" || text === "false") return text === "true";
  if (WHOLE_NUMBER.test(text)) return Number(text);
  if (WORD.test(text)) return text;
  const { isScalar, parseDocument } = await parser(variable, "write a plain word or whole number");
  const document = parseDocument(text, { prettyErrors: false, logLevel: "silent" });
  if (document.errors.length > 0 || (document.contents !== null && !isScalar(document.contents))) return text;
  const value: unknown = document.toJS();
  return value === null || typeof value === "object" ? text : value;
}

async function parser(path: string, instead: string): Promise<typeof import("yaml")> {
  try {
    return await import("yaml");
  } catch (cause) {
    const message =
      'needs the package "yaml", which could not be loaded; see the error\'s cause. A bundle as an ES module must give its ' +
      `CommonJS packages a require: see "With a bundler" in the README of @switchyard/core, or ${instead}`;
    throw invalidConfig("configuration", [{ path, message }], cause);
  }
}
