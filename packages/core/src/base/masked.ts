/** Masks what looks like a credential in a text of another program. */

/** Each pattern runs in time linear in the length of the text. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  // User and password in a URL.
  [/:\/\/[^\s/@]{1,200}@/g, "://[hidden]@"],
  // AWS access key ids.
  [/\b(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{12,}/g, "[hidden]"],
  // Receipt handles of SQS, by their form and where a service quotes them.
  [/\bAQEB[A-Za-z0-9+/=_-]{20,}/g, "[hidden]"],
  [/(receipt ?handle)(\s?[:=]?\s?")[^"]{1,2000}/gi, "$1$2[hidden]"],
  [/(\bvalue\s)\S{1,2000}(\sfor parameter ReceiptHandle)/gi, "$1[hidden]$2"],
  // Values of fields that hold secrets, as in `Signature=…`, `x-amz-security-token: …` and `"password":"…"`.
  [
    /(security-token|signature|secret|password|passwd|credential|authorization|api-?key)("?\s?[:=]\s?"?)(?:(?:basic|bearer) )?[^\s,;"'&]+/gi,
    "$1$2[hidden]",
  ],
  [/\bbearer\s[^\s,;"'&]+/gi, "Bearer [hidden]"],
];

/** The text with credentials replaced by `[hidden]`. Cut it first: patterns run over all of it. */
export const masked = (text: string): string =>
  SECRETS.reduce((left, [pattern, by]) => left.replace(pattern, by), text);
