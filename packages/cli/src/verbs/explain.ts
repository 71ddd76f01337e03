import type { ChannelExplanation, Explanation } from "@switchyard/core";
import { explain as explained } from "@switchyard/core";
import type { Verb } from "../command.ts";
import type { Output } from "../output.ts";
import { visible } from "../visible.ts";

export const explain: Verb = {
  takes: "[--diff PROFILE]",
  words: [0, 0],
  options: {
    diff: { type: "string", value: "PROFILE", about: "what differs in that profile; exit code 3 if anything does" },
  },
  about: "Says what the service would run, from the configuration alone. Opens no connection.",
  example: "switchyard explain --profile prod",
  async run({ out, values, project: found }) {
    const project = await found();
    const explanation = await project.explain();
    const other = values["diff"];
    if (typeof other !== "string") {
      if (out.json) out.document("explain", { explanation });
      else print(out, explanation);
      return 0;
    }
    const differences = differencesOf(explanation, await explained(project.options(other)));
    if (out.json) out.document("explain", { profile: explanation.profile, other, differences });
    else for (const { path, here, there } of differences) out.line(visible(`${path}: ${text(here)} -> ${text(there)}`));
    return differences.length === 0 ? 0 : 3;
  },
};

function print(out: Output, { service, profile, sources, channels }: Explanation): void {
  out.line(visible(`${service}, profile ${profile ?? "none"} (${sources.join(", ")})`));
  for (const [name, channel] of Object.entries(channels)) {
    out.line();
    out.line(`${out.style("bold", visible(name))}  ${visible(whereOf(channel))}`);
    const facts = [...channel.needs.map((need) => `needs ${need}`), ...channel.content, ...channel.notPortable];
    for (const fact of facts) out.line(`  ${visible(fact)}`);
    out.table(
      [
        ["group", "reads", "retry", "then", "dead letters", "hold", "concurrency"],
        ...Object.entries(channel.groups).map(([group, of]) => [
          ...[group, of.address, of.retry, of.exhausted, of.deadLetter ?? undefined, of.hold, of.concurrency],
        ]),
      ],
      "  ",
    );
    for (const [group, { notes = [] }] of Object.entries(channel.groups))
      for (const note of notes) out.line(visible(`  ${group}: ${note}`));
  }
}

const whereOf = ({ model, transport, connection, form, address }: ChannelExplanation): string =>
  `${model} on ${connection} (${transport}, ${form}): ${address}`;

interface Difference {
  readonly path: string;
  /** Absent where there is nothing. */
  readonly here?: unknown;
  readonly there?: unknown;
}

/** What two explanations do not share, by path. */
export function differencesOf(here: Explanation, there: Explanation): readonly Difference[] {
  const [ours, theirs] = [here, there].map(({ prefix, connections, channels }) =>
    leavesOf({ prefix, connections, channels }),
  ) as [Leaves, Leaves];
  const paths = [...new Set([...ours.keys(), ...theirs.keys()])].sort();
  return paths.flatMap((path) => {
    const [mine, other] = [ours.get(path), theirs.get(path)];
    if (JSON.stringify(mine) === JSON.stringify(other)) return [];
    return [{ path, ...(mine === undefined ? {} : { here: mine }), ...(other === undefined ? {} : { there: other }) }];
  });
}

type Leaves = Map<string, unknown>;

function leavesOf(value: unknown, path = "", leaves: Leaves = new Map()): Leaves {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    for (const [key, below] of Object.entries(value)) leavesOf(below, path === "" ? key : `${path}.${key}`, leaves);
  else leaves.set(path, value);
  return leaves;
}

const text = (value: unknown): string =>
  value === undefined ? "nothing" : typeof value === "string" ? value : JSON.stringify(value);
