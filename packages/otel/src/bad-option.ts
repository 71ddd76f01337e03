import { MessagingError } from "@switchyard/core";

export function badOption(name: string, text: string): MessagingError {
  return new MessagingError("bad-option", `otel({ ${name} }): ${text}`, { kind: "config" });
}
