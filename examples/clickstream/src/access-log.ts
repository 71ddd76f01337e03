/** A web server's access log, in the combined log format. The same lines every time, so that totals can be compared. */

export interface View {
  readonly visitor: string;
  readonly line: number;
  readonly at: string;
  readonly path: string;
  readonly status: number;
}

const PAGES = ["/", "/search", "/cart", "/checkout", "/help"];
const AGENTS = ["Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (Macintosh)", "Mozilla/5.0 (iPhone)"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Mulberry32: small, and the same on every machine. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Two hundred visitors are there at a time, each for some fifteen views; many come again. Two days in 100,000 lines. */
export function* accessLog(lines: number, seed = 2026): Generator<string> {
  const random = randomFrom(seed);
  const population = Math.max(20, Math.ceil(lines / 40));
  const present = Array.from({ length: Math.min(200, population) }, (_, index) => index);
  let at = Date.UTC(2026, 10, 20, 8);
  for (let n = 0; n < lines; n++) {
    at += Math.floor(random() * 3_600);
    const place = Math.floor(random() * present.length);
    if (random() < 1 / 15) present[place] = Math.floor(population * random() ** 1.5);
    const visitor = present[place]!;
    const ip = `10.${visitor >> 16}.${(visitor >> 8) & 255}.${visitor & 255}`;
    const page =
      random() < 0.6 ? `/products/${Math.floor(random() * 400)}` : PAGES[Math.floor(random() * PAGES.length)];
    const status = random() < 0.97 ? 200 : 404;
    const agent = AGENTS[visitor % AGENTS.length];
    yield `${ip} - - [${stamp(at)}] "GET ${page} HTTP/1.1" ${status} ${500 + Math.floor(random() * 20_000)} "-" "${agent}"`;
  }
}

function stamp(at: number): string {
  const [date, time] = new Date(at).toISOString().split("T");
  const [year, month, day] = date!.split("-");
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time!.slice(0, 8)} +0000`;
}

const LINE = /^(\S+) \S+ \S+ \[(\d+)\/(\w+)\/(\d+):([\d:]+) \+0000\] "\S+ (\S+) [^"]*" (\d+) /;

/** Undefined for a line of another form. */
export function parse(text: string, line: number): View | undefined {
  const found = LINE.exec(text);
  if (found === null) return undefined;
  const [, visitor, day, month, year, time, path, status] = found as unknown as string[];
  const at = `${year}-${String(MONTHS.indexOf(month!) + 1).padStart(2, "0")}-${day}T${time}Z`;
  return { visitor: visitor!, line, at, path: path!, status: Number(status) };
}
