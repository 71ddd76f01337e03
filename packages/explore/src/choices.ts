/** The choices of a run, as a list of integers: everything a run does beyond the calm course is one of them. */
import { MessagingError } from "@switchyard/core";

/** Where a choice is made. The numbers are part of replay lines: never reuse one. */
export const SITE = {
  send: 0,
  ack: 1,
  receive: 2,
  before: 3,
  after: 4,
  trouble: 5,
  when: 6,
  whom: 7,
  play: 8,
  extend: 9,
  lease: 10,
  verdicts: 11,
} as const;
export type Site = (typeof SITE)[keyof typeof SITE];
const SITES = Object.keys(SITE).length;

/**
 * A choice that is not the calm one: site, subject (the number of a message, or of a trouble), its place among those of the same site and
 * subject, and what was chosen, from 1. A choice is named by what it is about and not by when it is made, so that leaving one out moves no other.
 */
export type Choice = readonly [site: Site, subject: number, place: number, value: number];

/** How a run begins: at random from a seed, or with given choices and nothing else. */
export interface Start {
  readonly seed: number;
  readonly choices?: readonly Choice[];
  /** Tells the run in words. Default true. */
  readonly recorded?: boolean;
}

const FNV = 0x811c9dc5;
/** One step of a 32-bit FNV-1a hash, as a signed number (docs/v8.md#small-integers). */
const mixed = (hash: number, value: number): number => Math.imul(hash ^ value, 0x01000193);
export function hashOf(text: string): number {
  let hash = FNV | 0;
  for (let at = 0; at < text.length; at++) hash = mixed(hash, text.charCodeAt(at));
  return hash >>> 0;
}

/** Makes the choices of one run and records those that are not the calm one. */
export class Choices {
  readonly record: Choice[] = [];
  #trace = FNV | 0;
  /** By site and subject: how many choices were made. */
  readonly #places: (number[] | undefined)[] = new Array<undefined>(SITES).fill(undefined);
  readonly #given: Map<string, number> | undefined;
  readonly #random: () => number;
  readonly #apart: () => number;
  readonly #rate: number;
  #left: number;
  #begun = false;

  constructor(start: Start, random: () => number, apart: () => number) {
    this.#random = random;
    this.#apart = apart;
    this.#given =
      start.choices &&
      new Map(start.choices.map(([site, subject, place, value]) => [`${site} ${subject} ${place}`, value]));
    // Few faults in most runs, so that a story is short; many in some, because some bugs need three.
    this.#left = 1 + Math.floor(random() * 4);
    this.#rate = [0.03, 0.1, 0.3][Math.floor(random() * 3)]!;
  }

  /** Changes when the run passes other sites than before: the same line on other code. */
  get trace(): number {
    return this.#trace >>> 0;
  }

  /** The choices were made before. They are repeated, and none is drawn. */
  get repeats(): boolean {
    return this.#given !== undefined;
  }

  /** Up to here nothing but the calm choice: the services come up. */
  begin(): void {
    this.#begun = true;
  }

  /** A number from 0, the calm choice, to `options - 1`. `weight` makes it likelier (1: as the run's rate says). */
  choose(site: Site, subject: number, options: number, weight = 1): number {
    const place = this.#place(site, subject);
    this.#trace = mixed(mixed(this.#trace, site * 0x100000 + subject), place);
    if (!this.#begun || options < 2) return 0;
    const value =
      this.#given === undefined ? this.#draw(options, weight) : (this.#given.get(`${site} ${subject} ${place}`) ?? 0);
    if (value <= 0 || value >= options) return 0;
    this.record.push([site, subject, place, value]);
    return value;
  }

  /**
   * Like {@link choose}, for what a run could not do when people wrote their first lines down. It has draws of its own, so that it moves
   * no other choice, and while it is calm it changes no trace. Not calm in this share of all calls, whatever the run's rate is.
   */
  chooseApart(site: Site, subject: number, options: number, share: number): number {
    if (!this.#begun || options < 2) return 0;
    const place = this.#place(site, subject);
    let value = 0;
    if (this.#given !== undefined) value = this.#given.get(`${site} ${subject} ${place}`) ?? 0;
    else if (this.#apart() < share) value = 1 + Math.floor(this.#apart() * (options - 1));
    if (value <= 0 || value >= options) return 0;
    this.#trace = mixed(mixed(this.#trace, site * 0x100000 + subject), place);
    this.record.push([site, subject, place, value]);
    return value;
  }

  /** How many choices of the site and the subject were made before. */
  #place(site: Site, subject: number): number {
    const places = (this.#places[site] ??= []);
    while (places.length <= subject) places.push(0);
    return places[subject]!++;
  }

  #draw(options: number, weight: number): number {
    if (this.#left <= 0 || this.#random() >= this.#rate * weight) return 0;
    this.#left--;
    return 1 + Math.floor(this.#random() * (options - 1));
  }
}

/** What a replay line says. */
export interface Replay {
  readonly seed: number;
  /** Of the source of the scenario and its handlers. */
  readonly code: number;
  readonly trace: number;
  readonly choices: readonly Choice[];
}

/** One line of letters, digits, dots and dashes, which survives a shell, a log and a chat. */
export function written({ seed, code, trace, choices }: Replay): string {
  const numbers = [seed, code, trace, ...choices.flat()].map((number) => number.toString(36));
  return `x1.${numbers.join(".")}`;
}

/** @throws MessagingError `bad-replay` if it is not such a line. */
export function readReplay(line: string): Replay {
  const [version, ...parts] = line.trim().split(".");
  const numbers = parts.map((part) => Number.parseInt(part, 36));
  const [seed, code, trace, ...rest] = numbers;
  const whole = numbers.every((number, at) => Number.isSafeInteger(number) && number.toString(36) === parts[at]);
  if (version !== "x1" || trace === undefined || rest.length % 4 !== 0 || !whole) {
    const text = 'replay: not a line of explore(); copy the whole of it, from "x1." to the end';
    throw new MessagingError("bad-replay", text, { kind: "config" });
  }
  const choices: Choice[] = [];
  for (let at = 0; at < rest.length; at += 4) choices.push(rest.slice(at, at + 4) as unknown as Choice);
  return { seed: seed!, code: code!, trace, choices };
}
