/**
 * What must never be printed: text filled in from the environment, and in connections also passwords written in clear.
 * Everything adapters say passes `redact` before it reaches an error or an explanation.
 */
import { isTree } from "./tree.ts";

const HIDDEN = "***";
const TELLING = /pass|secret|token|credential|private|accesskey|apikey|signature/i;
/** Outside of connections a name must say it exactly: there a channel may be called "tokens". */
const NAMED =
  /^(?:pass|passwd|password|passphrase|secret|token|credentials?|(?:secret)?access[-_]?key|secret[-_]?access[-_]?key|session[-_]?token|api[-_]?key|private[-_]?key)$/i;
const SHORTEST = 3;

export class Secrets {
  #texts: string[] = [];

  /** Shorter than three characters is no secret, and hiding it would make all text unreadable. */
  add(text: string): void {
    if (text.length < SHORTEST) return;
    // As it stands, and as a quoted value shows it.
    for (const form of [text, JSON.stringify(text).slice(1, -1)])
      if (!this.#texts.includes(form)) this.#texts.push(form);
    this.#texts.sort((a, b) => b.length - a.length);
  }

  /** The value, and the parts of it that a driver might quote alone. */
  addWithParts(text: string): void {
    this.add(text);
    for (const part of userInfo(text)) this.add(part);
  }

  /** Passwords and tokens written in clear into a connection's options. */
  addFrom(value: unknown, key = "", seen = new Set<object>()): void {
    if (typeof value === "string") {
      if (TELLING.test(key)) this.addWithParts(value);
      else for (const part of userInfo(value)) this.add(part);
    } else if ((isTree(value) || Array.isArray(value)) && !seen.has(value)) {
      seen.add(value);
      for (const [name, inner] of Object.entries(value))
        this.addFrom(inner, Array.isArray(value) ? key : `${key}.${name}`, seen);
    }
  }

  /**
   * Of any part of a configuration: credentials in every URL, keys included, and what stands under the name of a secret. Either
   * may stand where it does not belong.
   */
  addAnywhere(value: unknown, key = "", seen = new Set<object>()): void {
    if (typeof value === "string") {
      if (NAMED.test(key)) this.addWithParts(value);
      else for (const part of userInfo(value)) this.add(part);
    }
    if (!(isTree(value) || Array.isArray(value)) || seen.has(value)) return;
    seen.add(value);
    for (const [name, inner] of Object.entries(value)) {
      this.addAnywhere(name, "", seen);
      this.addAnywhere(inner, name, seen);
    }
  }

  readonly redact = (text: string): string => {
    let safe = text;
    for (const secret of this.#texts) safe = safe.replaceAll(secret, HIDDEN);
    return safe;
  };
}

/** `user:password` of every URL in the text: the two together, and the password as written and decoded. */
function userInfo(text: string): string[] {
  const found = [...text.matchAll(/:\/\/([^/?#\s]*)@/g)].map(([, info = ""]) => info);
  // A password with a bare "/", "?" or "#" is no valid URL, and still a password.
  const loose = /^\s*[a-z][a-z0-9+.-]*:\/\/(.*)@/is.exec(text)?.[1];
  if (loose?.includes(":") === true) found.push(loose);
  return found.flatMap((info) => {
    const password = info.slice(info.indexOf(":") + 1);
    try {
      return [info, password, decodeURIComponent(password)];
    } catch {
      // A stray percent sign: there is no decoded form.
      return [info, password];
    }
  });
}
