import type { Verb } from "../command.ts";

export const leases: Verb = {
  takes: "CHANNEL [GROUP]",
  words: [1, 2],
  options: {},
  about: "Lists a stream's partitions, who reads each, and how far behind it is.",
  example: "switchyard leases clicks",
  async run({ out, words: [channel, group], project: found }) {
    const project = await found();
    const of = await (group === undefined ? project.channel(channel!) : project.group(channel!, group));
    const depths = await project.connected((messaging) => messaging.depth(of, group), [channel!]);
    const rows = depths.flatMap((depth) =>
      depth.leases
        .filter(({ lease }) => lease !== undefined)
        .map(({ lease, ...rest }) => ({ group: depth.group, lease, ...rest })),
    );
    if (out.json) out.document("leases", { leases: rows });
    else if (rows.length === 0) out.talk(`"${channel}" has no partitions that are leased`);
    else
      out.table([
        ["group", "partition", "holder", "ready", "held", "oldest"],
        ...rows.map((row) => [
          ...[row.group, row.lease, row.holder, row.ready, row.held],
          row.oldestMs === undefined ? undefined : `${Math.round(row.oldestMs / 1_000)}s`,
        ]),
      ]);
    return 0;
  },
};
