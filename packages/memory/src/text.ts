/** What SQS accepts: tab, line feed, carriage return, and Unicode without other C0 controls, lone surrogates, U+FFFE and U+FFFF. */
const REFUSED_BY_SQS = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

export const sqsAccepts = (text: string): boolean => !REFUSED_BY_SQS.test(text);
