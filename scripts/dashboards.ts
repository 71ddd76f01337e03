/** Writes the dashboard and the alert rules of `@switchyard/otel`, for each flavour of exporter. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { dashboardOf } from "./dashboards/dashboard.ts";
import { rulesOf } from "./dashboards/rules.ts";
import { FLAVOURS } from "./dashboards/series.ts";

const NOTE =
  "# Written by `npm run dashboards` from the names in packages/otel/src/names.ts. Change scripts/dashboards.";

/** Each file's name and text. */
export const dashboardFiles: readonly (readonly [name: string, text: string])[] = FLAVOURS.flatMap((flavour) => [
  [`grafana.${flavour}.json`, `${JSON.stringify(dashboardOf(flavour), null, 2)}\n`] as const,
  [
    `prometheus-rules.${flavour}.yml`,
    `${NOTE}\n${stringify({ groups: [{ name: "switchyard", rules: rulesOf(flavour) }] }, { lineWidth: 0 })}`,
  ] as const,
]);

if (import.meta.main) {
  const folder = join(import.meta.dirname, "../packages/otel/dashboards");
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of dashboardFiles) writeFileSync(join(folder, name), text);
}
