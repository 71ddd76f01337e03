/** Part of `npm run check`: package-lock.json holds every package, for every platform. What is missing makes `npm ci` fail elsewhere. */
import { readFileSync } from "node:fs";

interface Locked {
  readonly link?: boolean;
  readonly inBundle?: boolean;
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Lockfile {
  /** By place: `node_modules/a/node_modules/b`. The root project's place is the empty string. */
  readonly packages: Readonly<Record<string, Locked>>;
}

/** What is wrong with a lockfile, one sentence each. */
export function lockfileFaults({ packages }: Lockfile): readonly string[] {
  const faults: string[] = [];
  for (const [place, locked] of Object.entries(packages)) {
    for (const kind of ["dependencies", "optionalDependencies"] as const)
      for (const [name, range] of Object.entries(locked[kind] ?? {}))
        if (!placesSeenFrom(place, name).some((seen) => seen in packages))
          faults.push(`${place || "the root project"} needs ${name}@${range}, which is not in the lockfile`);
    if (!place.includes("node_modules/") || locked.link === true || locked.inBundle === true) continue;
    if (locked.integrity === undefined) faults.push(`${place} has no integrity`);
    if (locked.resolved !== undefined) faults.push(`${place} names a registry: ${locked.resolved}`);
  }
  return faults;
}

/** Where Node looks for a package, nearest first. */
function placesSeenFrom(place: string, name: string): readonly string[] {
  const folders = place === "" ? [] : place.split("/");
  const places: string[] = [];
  for (let depth = folders.length; depth >= 0; depth -= 1)
    if (folders[depth - 1] !== "node_modules")
      places.push([...folders.slice(0, depth), "node_modules", name].join("/"));
  return places;
}

if (import.meta.main) {
  const faults = lockfileFaults(JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8")));
  for (const fault of faults) console.log(`package-lock.json: ${fault}`);
  if (faults.length > 0) {
    console.log("npm leaves out other platforms' packages when it adds to a node_modules that is there already.");
    console.log(
      "To mend it: rm -rf node_modules package-lock.json && npm install (this may move versions we do not pin).",
    );
    process.exitCode = 1;
  }
}
