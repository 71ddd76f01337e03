import { isMessagingError } from "../../api/errors.ts";
import type { Attempt } from "./run.ts";
import { copyToDeadLetters } from "./dead-letter-copy.ts";
import { type Decision, decide } from "./retry-policy.ts";
import { type Condemned } from "../lease/held-message.ts";
import { withError } from "./describe-error.ts";
import type { GroupContext } from "../lease/group-context.ts";
import type { HeldMessage } from "../lease/held-message.ts";
import type { Opened } from "../../wire/incoming-message.ts";
import { needsPerson } from "../../base/troubles.ts";

/** Carries out what an attempt, or a look at the message, decided. */
export class Concluder {
  readonly #context: GroupContext;

  constructor(context: GroupContext) {
    this.#context = context;
  }

  /** Ends the attempt of a running delivery. */
  conclude(held: HeldMessage, attempt: Attempt): void {
    if (attempt.verdict === "ack") {
      held.lease.end(held);
      held.lease.ack(held);
      return;
    }
    const { plan, runtime } = this.#context;
    this.#act(held, decide(plan.policy, attempt, held.attempt, runtime.random, this.#context.describe));
  }

  condemn(held: HeldMessage, condemned: Condemned): void {
    held.firstFailedAt ??= this.#context.runtime.now();
    const { exhausted } = this.#context.plan.policy;
    if (exhausted === "skip") return this.#skip(held, condemned);
    if (exhausted === "block") return this.#block(held, condemned, condemned.error);
    copyToDeadLetters(this.#context, held, held.opened as Opened, condemned).then(
      () => this.#dead(held, condemned),
      (error: unknown) => this.#block(held, condemned, error),
    );
  }

  #act(held: HeldMessage, decision: Decision): void {
    if (decision.action === "ack") return;
    if (decision.action === "skip") return this.#skipped(held, decision.reason);
    if (held.state === "lost") {
      held.lease.end(held);
      held.lease.leave(held);
    } else if (decision.action === "deadLetter") {
      this.condemn(held, decision);
    } else if (decision.action === "release") {
      held.lease.end(held);
      // A log takes nothing back: it waits here, and the attempt does not count.
      if (held.lease.log && !held.lease.ending) held.lease.wait(held, this.#context.plan.policy.retry.firstMs);
      else held.lease.release(held, "asked");
    } else {
      this.#retry(held, decision.delayMs, decision.asked, decision.error);
    }
  }

  #retry(held: HeldMessage, delayMs: number, asked: boolean, error: unknown): void {
    const { lease } = held;
    const failed = held.attempt;
    const keeps = lease.canKeep(held, delayMs);
    const here = keeps && !lease.ending;
    const there = lease.canReturn(held, delayMs);
    if (!keeps && !there && asked) {
      const refused = `the handler asked for a retry in ${delayMs} ms, which this transport cannot keep`;
      const reason = withError(refused, this.#context.describe(error));
      this.condemn(held, { action: "deadLetter", code: "retry-delay-unsupported", reason, error });
      return;
    }
    held.firstFailedAt ??= this.#context.runtime.now();
    held.failures++;
    lease.end(held);
    this.#emitRetry(held, failed, delayMs, error);
    const inPlace = here && (held.lane !== undefined || lease.log || !there);
    if (inPlace) lease.wait(held, delayMs);
    else if (there) lease.giveBack(held, delayMs, failed);
    else lease.release(held, "stop");
  }

  #emitRetry(held: HeldMessage, attempt: number, delayMs: number, error: unknown): void {
    this.#context.emit({ type: "retry", level: "info", attempt, delayMs, error, ...factsOf(held) });
  }

  /** As the handler or a middleware asked: settled as if it had been handled. It leaves no gap: nothing of it was left undone. */
  #skipped(held: HeldMessage, reason: string): void {
    this.#context.emit({ type: "skipped", level: "info", by: "handler", reason, ...factsOf(held) });
    held.lease.end(held);
    held.lease.ack(held);
  }

  #dead(held: HeldMessage, condemned: Condemned): void {
    const { code, reason, error } = condemned;
    this.#context.troubles.clear(blockedKey(held));
    this.#context.emit({
      type: "dead-letter",
      level: "warn",
      attempt: held.attempt,
      code,
      reason,
      ...(error === undefined ? {} : { error }),
      ...factsOf(held),
    });
    this.#gap(held, "dead-letter");
    held.lease.end(held);
    held.lease.ack(held);
  }

  #skip(held: HeldMessage, condemned: Condemned): void {
    this.#context.emit({
      type: "skipped",
      level: "warn",
      by: "policy",
      reason: condemned.reason,
      error: condemned.error,
      ...factsOf(held),
    });
    this.#gap(held, "skip");
    held.lease.end(held);
    held.lease.ack(held);
  }

  /** It stays, and its key waits; what condemned it is tried again, not its handler. */
  #block(held: HeldMessage, condemned: Condemned, error: unknown): void {
    const { lease } = held;
    this.#context.emit({ type: "blocked-message", level: "error", reason: condemned.reason, error, ...factsOf(held) });
    const delayMs = this.#context.plan.policy.retry.maxMs;
    this.#blocked(held, condemned, error, delayMs);
    const failed = held.attempt;
    lease.end(held);
    if (held.state === "lost") return lease.leave(held);
    const here = lease.canKeep(held, delayMs) && !lease.ending;
    if (lease.canReturn(held, delayMs) && (held.lane === undefined || !here)) {
      lease.giveBack(held, delayMs, failed);
    } else if (here) {
      held.condemned = condemned;
      lease.wait(held, delayMs);
    } else {
      lease.release(held, "stop");
    }
  }

  /** `health()` says it until the message has left, or has not been seen here for two rounds. */
  #blocked(held: HeldMessage, condemned: Condemned, error: unknown, delayMs: number): void {
    const { plan, channel, troubles } = this.#context;
    const known = isMessagingError(error) ? error : undefined;
    const why =
      plan.policy.exhausted === "block"
        ? `its policy says block: ${condemned.reason}`
        : (known?.message ?? "its dead-letter copy could not be made");
    const text = `consumer "${plan.group}" of "${channel.channel}": a message is blocked, and its key waits; ${why}`;
    const passing = known !== undefined && !needsPerson(known.kind);
    troubles.note(blockedKey(held), { text, needsPerson: !passing }, 2 * delayMs + plan.holdMs + 60_000);
  }

  expired(held: HeldMessage): void {
    this.#context.emit({ type: "expired", level: "info", ...factsOf(held) });
    this.#gap(held, "expiry");
    held.lease.end(held);
    held.lease.ack(held);
  }

  #gap(held: HeldMessage, reason: "dead-letter" | "skip" | "expiry"): void {
    if (held.lane !== undefined) this.#context.emit({ type: "order-gap", level: "warn", reason, ...factsOf(held) });
  }
}

function blockedKey(held: HeldMessage): string {
  return `blocked ${held.delivery.id}`;
}

/** Which message an event is about. */
export function factsOf(held: HeldMessage): { id: string; lease: string; key?: string } {
  const base = { id: held.opened?.id ?? held.delivery.id, lease: held.lease.id };
  const key = held.opened?.envelope?.key;
  return key === undefined ? base : { ...base, key };
}
