const LENGTH = "2026-01-02T03:04:05.678Z".length;
const MINUTE = "2026-01-02T03:04:".length;

let lastMinute = "-";
let lastEpoch = Number.NaN;

/**
 * Epoch milliseconds of a time, as `Date.parse` returns them. NaN if it is not a time. The last minute is cached, because most messages
 * that arrive together were published in the same minute.
 */
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

/** The milliseconds within the minute: 5678 for a text that ends in `05.678Z`. -1 if the text has another form. */
function millisecondsOf(text: string): number {
  if (text.length !== LENGTH || text[16] !== ":" || text[19] !== "." || text[23] !== "Z") return -1;
  // Hour 24 is valid only as 24:00:00, so `Date.parse` must decide.
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
