const UNITS = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;

/** A size such as `"4KiB"`, `"64MiB"` or `"10MB"`. A number is in bytes. */
export type ByteSize = number | `${number}${keyof typeof UNITS}`;

const FORM = /^(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|KiB|MiB|GiB)?$/;

/** A size in bytes, rounded down. Undefined if the value is not a size. */
export function parseByteSize(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? Math.floor(value) : undefined;
  const found = typeof value === "string" ? FORM.exec(value.trim()) : null;
  return found === null ? undefined : Math.floor(Number(found[1]) * UNITS[(found[2] ?? "B") as keyof typeof UNITS]);
}

/** The shortest exact form of a size, for people. */
export function formatByteSize(bytes: number): ByteSize {
  for (const unit of ["GiB", "MiB", "KiB"] as const)
    if (bytes >= UNITS[unit] && bytes % UNITS[unit] === 0) return `${bytes / UNITS[unit]}${unit}`;
  return `${bytes}B`;
}
