/**
 * Collects the texts that must never be printed: values from the environment, and passwords written in connections. `redact` masks them
 * in everything that adapters return before it reaches an error or an explanation.
 */
import { isTree } from "./tree.ts";

const HIDDEN = "***";
/** Names of secrets among the options of a connection. */
const SECRET_OPTION = /pass|secret|token|credential|private|accesskey|apikey|signature/i;
/** Names of secrets elsewhere. They must match exactly, because a channel may be called "tokens". */
const SECRET_NAME =
  /^(?:pass|passwd|password|passphrase|secret|token|credentials?|(?:secret)?access[-_]?key|secret[-_]?access[-_]?key|session[-_]?token|api[-_]?key|private[-_]?key)$/i;
const SHORTEST = 3;
/** A URL without credentials, path or query: `amqp://localhost:5672`. */
const ONLY_HOST = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+\/?$/i;

export class Secrets {
  #texts: string[] = [];

  /** Adds a text to mask. Texts of fewer than three characters are ignored: masking them would make every error unreadable. */
  add(text: string): void {
    if (text.length < SHORTEST) return;
    // The text itself, and the text as it appears in a quoted value.
    for (const form of [text, JSON.stringify(text).slice(1, -1)])
      if (!this.#texts.includes(form)) this.#texts.push(form);
    this.#texts.sort((a, b) => b.length - a.length);
  }

  /** Adds a value, and the parts of it that a driver might print alone. The address of a host is shown: errors are about it. */
  addWithParts(text: string): void {
    if (ONLY_HOST.test(text)) return;
    this.add(text);
    for (const part of userInfo(text)) this.add(part);
  }

  /** Adds passwords and tokens that are written in a connection's options. */
  addFrom(value: unknown, key = "", seen = new Set<object>()): void {
    if (typeof value === "string") {
      if (SECRET_OPTION.test(key)) this.addWithParts(value);
      else for (const part of userInfo(value)) this.add(part);
    } else if ((isTree(value) || Array.isArray(value)) && !seen.has(value)) {
      seen.add(value);
      for (const [name, inner] of Object.entries(value))
        this.addFrom(inner, Array.isArray(value) ? key : `${key}.${name}`, seen);
    }
  }

  /**
   * Adds secrets in any part of a configuration, because they may be in a place where they do not belong: credentials in URLs, also in
   * keys, and values under the name of a secret.
   */
  addAnywhere(value: unknown, key = "", seen = new Set<object>()): void {
    if (typeof value === "string") {
      if (SECRET_NAME.test(key)) this.addWithParts(value);
      else for (const part of userInfo(value)) this.add(part);
    }
    if (!(isTree(value) || Array.isArray(value)) || seen.has(value)) return;
    seen.add(value);
    for (const [name, inner] of Object.entries(value)) {
      this.addAnywhere(name, "", seen);
      this.addAnywhere(inner, name, seen);
    }
  }

  /** True if there is nothing to mask. */
  get none(): boolean {
    return this.#texts.length === 0;
  }

  readonly redact = (text: string): string => {
    let safe = text;
    for (const secret of this.#texts) safe = safe.replaceAll(secret, HIDDEN);
    return safe;
  };
}

/** The credentials of every URL in a text: `user:password`, and the password as written and decoded. */
function userInfo(text: string): string[] {
  const found = [...text.matchAll(/:\/\/([^/?#\s]*)@/g)].map(([, info = ""]) => info);
  // With an unescaped "/", "?" or "#" in the password, the URL is invalid, but the password must still be masked.
  const loose = /^\s*[a-z][a-z0-9+.-]*:\/\/(.*)@/is.exec(text)?.[1];
  if (loose?.includes(":") === true) found.push(loose);
  return found.flatMap((info) => {
    const password = info.slice(info.indexOf(":") + 1);
    try {
      return [info, password, decodeURIComponent(password)];
    } catch {
      // The password contains an unescaped "%", so it has no decoded form.
      return [info, password];
    }
  });
}
