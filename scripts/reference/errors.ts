/** docs/reference/errors.md: every error code, who raises it, and what to do about it. */
import { ADVICE } from "./error-advice.ts";
import { errorCodes } from "./error-codes.ts";
import { cell, code, declarationOf, GENERATED, sourceOf } from "./source.ts";

/** Codes of the sources that {@link ADVICE} says nothing of, and codes it has that no source raises. */
export function adviceFaults(): readonly string[] {
  const codes = errorCodes();
  return [
    ...[...codes.keys()]
      .filter((each) => !(each in ADVICE))
      .map((each) => `${each}: say in scripts/reference/error-advice.ts what to do about it`),
    ...Object.keys(ADVICE)
      .filter((each) => !codes.has(each))
      .map((each) => `${each}: no source raises it`),
  ];
}

export function errorsPage(): string {
  const source = sourceOf("packages/core/src/api/errors.ts");
  const kind = source.docOf(declarationOf(source, "Kind").statement) as string;
  const rows = [...errorCodes()].map(
    ([each, by]) =>
      `| <a id="${each.replaceAll("*", "some")}"></a>${code(each)} | ${[...by].join(", ")} | ${cell(ADVICE[each] ?? "")} |`,
  );
  return `# Errors

${GENERATED}

Every error code of core and the adapters, and what to do about it. Test for one with \`isMessagingError(error, "too-large")\`, never by text.

\`\`\`ts example.ts
import { isMessagingError } from "@switchyard/core";

export function mayPublishAgain(error: unknown): boolean {
  return isMessagingError(error) && ["retryable", "throttled"].includes(error.kind);
}
\`\`\`

## Kinds

Beside its code, each error has a \`kind\`. ${kind.replace("What a caller", "It says what a caller")}

| kind | what a caller can do |
|---|---|
| \`retryable\` | Try again. |
| \`throttled\` | Try again later; \`retryAfterMs\` says when, if the broker did. |
| \`ambiguous\` | It may have been done. Publish again only if a duplicate does no harm. |
| \`permanent\` | Change the message. |
| \`auth\` | Mend rights or credentials. |
| \`config\` | Change the configuration, the code or the broker. |
| \`closed\` | \`stop()\` was called. |

## Codes

Dead letters carry a code as well: "Of a dead letter" below. A \`*\` stands for a part that depends on the case.

| code | raised by | what it means, and what to do |
|---|---|---|
${rows.join("\n")}
`;
}
