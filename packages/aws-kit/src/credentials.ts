/** Errors of the SDK's own credential providers: nothing was sent yet. */
import type { Fault } from "@switchyard/core/driver";
import { quotedWords } from "@switchyard/core/driver-kit";
import { messageOf } from "./foreign-answer.ts";

const PROVIDERS = new Set(["CredentialsProviderError", "TokenProviderError", "ProviderError"]);
/** Of Node's file system. */
const FILE = new Set(["ENOENT", "EACCES", "EISDIR", "EPERM"]);

/** Undefined where it is none of them. */
export function credentialsFault(error: object): Fault | undefined {
  const { name, code, path, syscall } = error as { name?: unknown; code?: unknown; path?: unknown; syscall?: unknown };
  if (FILE.has(String(code)) && typeof path === "string" && syscall !== "connect") {
    const hint = `the AWS SDK cannot read the file ${quotedWords(path)} (${String(code)}): check AWS_WEB_IDENTITY_TOKEN_FILE and the other variables and profiles that name a file`;
    return { kind: "auth", code: "no-credentials", hint };
  }
  if (!PROVIDERS.has(String(name))) return undefined;
  const text = messageOf(error);
  const words = `; the AWS SDK said ${quotedWords(text)}`;
  if (/\bSSO\b|session token not found/i.test(text)) {
    const hint = `the SSO session has ended or was never begun; run: aws sso login (with --profile, where it is a profile's)${words}`;
    return { kind: "auth", code: "credentials-expired", hint };
  }
  const profile = /profile/i.test(text)
    ? "check the name of the profile (AWS_PROFILE, or profile on the connection)"
    : "";
  const hint = profile || "check the credentials the AWS SDK finds here (environment, profile, role)";
  return { kind: "auth", code: "no-credentials", hint: hint + words };
}
