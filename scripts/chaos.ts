/**
 * `npm run chaos`: publishers, consumers and relays as separate processes on real brokers and emulators, under a seeded schedule of
 * faults, and an audit of what became of every message (test/support/chaos, docs/reliability.md).
 *
 *   npm run chaos -- --minutes 10 --seed 7 --transport rabbit
 *
 * The seed gives the schedule. What happens between processes is up to the machine, so that a seed does not repeat a run exactly.
 */
import { parseArgs } from "node:util";
import { Brokers } from "../test/support/chaos/broker.ts";
import { type ChaosReport, chaos } from "../test/support/chaos/run.ts";
import { type FaultKind, faultKinds, kindsOf } from "../test/support/chaos/schedule.ts";
import { type Mutant, mutants } from "../test/support/chaos/service.ts";
import { type Transport, transports } from "../test/support/chaos/transports.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "2" },
    seed: { type: "string", default: "1" },
    transport: { type: "string", multiple: true, default: ["rabbit"] },
    rate: { type: "string", default: "50" },
    poison: { type: "string", default: "1" },
    fault: { type: "string", multiple: true, default: [] },
    mutant: { type: "string" },
  },
});
const [minutes, seed, rate, poison] = [values.minutes, values.seed, values.rate, values.poison].map(Number) as [
  number,
  number,
  number,
  number,
];
const named = values.transport.includes("all") ? transports : (values.transport as Transport[]);
const only = values.fault.filter((kind) => kind !== "none") as FaultKind[];
const wrong =
  !(minutes > 0 && rate > 0 && Number.isInteger(seed) && poison >= 0 && poison <= 100) ||
  named.some((transport) => !transports.includes(transport)) ||
  only.some((kind) => !faultKinds.includes(kind)) ||
  (values.mutant !== undefined && !mutants.includes(values.mutant as Mutant));
if (wrong) {
  console.error(
    `usage: npm run chaos -- [--minutes M] [--seed S] [--transport T]... [--rate MESSAGES_PER_SECOND] [--poison PERCENT] [--fault KIND]... [--mutant NAME]\ntransports: ${transports.join(", ")}, or all, side by side\nfaults: ${faultKinds.join(", ")}, or none\nmutants: ${mutants.join(", ")}`,
  );
  process.exit(2);
}

const table = (rows: readonly (readonly (string | number)[])[]) =>
  rows.map(
    (row) => `| ${row.map((cell) => (typeof cell === "number" ? cell.toLocaleString("en") : cell)).join(" | ")} |`,
  );

function print({ transport, findings, counts, faults, stories, folder, seconds }: ChaosReport): void {
  console.log(`\n${transport}: ${seconds} seconds, seed ${seed}\n`);
  console.log(["| class | messages |", "|---|--:|", ...table(Object.entries(counts))].join("\n"));
  console.log(
    [
      "\n| fault | struck | effect seen |",
      "|---|--:|--:|",
      ...table(Object.entries(faults).map(([kind, { struck, shown }]) => [kind, struck, shown])),
    ].join("\n"),
  );
  if (findings.length === 0)
    return console.log("\nNothing was lost, every effect happened once, and every key was handled in order.");
  console.error(`\n${transport}: ${findings.length} findings with seed ${seed}; the journals are in ${folder}`);
  for (const { what, id, why } of findings.slice(0, 50)) console.error(`- ${what}: ${id ?? ""} ${why}`);
  for (const text of stories) console.error(text);
  process.exitCode = 1;
}

// Whoever interrupts it leaves nothing running.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
const brokers = new Brokers();
try {
  await Promise.all(
    named.map(async (transport) => {
      const kinds = kindsOf(transport).filter((kind) => values.fault.length === 0 || only.includes(kind));
      print(
        await chaos({
          transport,
          seconds: minutes * 60,
          seed,
          kinds,
          perSecond: rate,
          poison,
          brokers,
          ...(values.mutant === undefined ? {} : { mutant: values.mutant as Mutant }),
          say: (line) => console.log(`${transport}: ${line}`),
        }),
      );
    }),
  );
} finally {
  await brokers.close();
}
