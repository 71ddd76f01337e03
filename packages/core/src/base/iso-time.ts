const LENGTH = "2026-01-02T03:04:05.678Z".length;
const MINUTE = "2026-01-02T03:04:".length;

let lastMinute = "-";
let lastEpoch = Number.NaN;

/** Epoch milliseconds, as `Date.parse`: NaN for what is no time. Messages that come together mostly share a minute. */
export function epoch(value: unknown): number {
  if (typeof value !== "string") return Number.NaN;
  const inMinute = millisecondsOf(value);
  if (inMinute < 0) return Date.parse(value);
  if (!value.startsWith(lastMinute)) {
    const time = Date.parse(value);
    if (Number.isNaN(time)) return time;
    lastMinute = value.slice(0, MINUTE);
    lastEpoch = time - inMinute;
  }
  return lastEpoch + inMinute;
}

/** Of `05.678Z` at the end of a text of that form and length; -1 for any other. */
function millisecondsOf(text: string): number {
  if (text.length !== LENGTH || text[16] !== ":" || text[19] !== "." || text[23] !== "Z") return -1;
  // Midnight at a day's end, and no other time of that minute.
  if (text.startsWith("24", 11)) return -1;
  const tens = digit(text, 17);
  const ones = digit(text, 18);
  const [a, b, c] = [digit(text, 20), digit(text, 21), digit(text, 22)];
  if (tens < 0 || tens > 5 || ones < 0 || a < 0 || b < 0 || c < 0) return -1;
  return tens * 10_000 + ones * 1_000 + a * 100 + b * 10 + c;
}

function digit(text: string, at: number): number {
  const code = text.charCodeAt(at) - 48;
  return code >= 0 && code <= 9 ? code : -1;
}
