/** The invariants of a scenario, and those that nobody has to write, asked while a run goes on and at its end. */
import { isDeepStrictEqual } from "node:util";
import type { RunState } from "./state.ts";
import { quoted, thrownBy } from "./story.ts";

/** Asks what must never be, and notes which rare states were reached. */
export function lookAt(state: RunState, reached: Set<string>): void {
  const { ledger, world } = state;
  if (ledger.wrong !== undefined) return state.fail(ledger.wrong.name, ledger.wrong.text);
  for (const [name, violated] of state.prepared.never) {
    const said = ask(state, name, () => violated(world, ledger.facts));
    if (said === undefined) return;
    if (said.value === true || typeof said.value === "string")
      return state.fail(`never ${name}`, `"${name}" has happened${said.value === true ? "" : `: ${said.value}`}`);
  }
  noteReached(state, reached);
}

/** Asks what must be once everything has come to its end. */
export function lookAtEnd(state: RunState, reached: Set<string>): void {
  const { ledger, scenario, world } = state;
  const { facts } = ledger;
  for (const lost of ledger.lost()) return state.fail("lost", lost);
  for (const [name, holds] of state.prepared.eventually) {
    const said = ask(state, name, () => holds(world, facts));
    if (said === undefined) return;
    if (said.value === false || typeof said.value === "string")
      return state.fail(
        `eventually ${name}`,
        `"${name}" is not so at the end${said.value === false ? "" : `: ${said.value}`}`,
      );
  }
  const { compare } = scenario;
  if (compare !== undefined) {
    const expected: unknown = compare.expected(facts.accepted);
    const actual: unknown = compare.actual(world);
    if (!isDeepStrictEqual(expected, actual))
      return state.fail(
        "compare",
        `the world is ${quoted(actual, 200)} at the end; the model says ${quoted(expected, 200)}`,
      );
  }
  noteReached(state, reached);
}

function noteReached({ prepared, world, ledger }: RunState, reached: Set<string>): void {
  for (const [name, isReached] of prepared.sometimes)
    if (!reached.has(name) && isReached(world, ledger.facts)) reached.add(name);
}

/** Asks one. If it throws it has failed, under its own name. */
function ask(state: RunState, name: string, question: () => unknown): { readonly value: unknown } | undefined {
  try {
    return { value: question() };
  } catch (error) {
    state.fail(`threw ${name}`, `the invariant "${name}" threw ${thrownBy(error)}`);
    return undefined;
  }
}
