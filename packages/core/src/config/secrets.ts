/**
 * What must never be printed: text filled in from the environment, and in connections also passwords written in clear.
 * Everything adapters say passes `redact` before it reaches an error or an explanation.
 */
import { isTree } from "./tree.ts";

const HIDDEN = "***";
const TELLING = /pass|secret|token|credential|private|accesskey|apikey|signature/i;
const SHORTEST = 3;

export class Secrets {
  #texts: string[] = [];

  /** Shorter than three characters is no secret, and hiding it would make all text unreadable. */
  add(text: string): void {
    if (text.length < SHORTEST || this.#texts.includes(text)) return;
    this.#texts.push(text);
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

  readonly redact = (text: string): string => {
    let safe = text;
    for (const secret of this.#texts) safe = safe.replaceAll(secret, HIDDEN);
    return safe;
  };
}

/** `user:password` of a URL: the password as it stands and decoded, and the two together. */
function userInfo(text: string): string[] {
  const found = /^[a-z][a-z0-9+.-]*:\/\/([^@/?#]*)@/i.exec(text)?.[1];
  if (found === undefined || found === "") return [];
  const password = found.slice(found.indexOf(":") + 1);
  const parts = [found, password];
  try {
    parts.push(decodeURIComponent(password));
  } catch {
    // A stray percent sign: there is no decoded form.
  }
  return parts;
}
