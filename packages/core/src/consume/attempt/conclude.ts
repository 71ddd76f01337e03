import { isMessagingError, type MessagingError } from "../../api/errors.ts";
import { loadOnce } from "../../base/load-once.ts";
import { postpone } from "./postpone.ts";
import { NO_ROOM } from "../lease/bodies.ts";
import type { Attempt } from "./run.ts";
import type { Capabilities } from "../../driver/index.ts";
import { type Decision, decide, isDown } from "./retry-policy.ts";
import { type Condemned } from "../lease/held-message.ts";
import { withError } from "./describe-error.ts";
import type { GroupContext } from "../lease/group-context.ts";
import type { HeldMessage, ReleaseReason } from "../lease/held-message.ts";
import type { Opened } from "../../wire/incoming-message.ts";
import { needsPerson } from "../../base/troubles.ts";

/** Most services make none. */
export const deadLetterCopy = loadOnce(() => import("./dead-letter-copy.ts"));

/** Carries out the decision of an attempt or of the screening before it. */
export class Concluder {
  readonly #context: GroupContext;

  constructor(context: GroupContext) {
    this.#context = context;
  }

  /** Ends the attempt of a running delivery. */
  conclude(message: HeldMessage, attempt: Attempt): void {
    const { plan, runtime, gate } = this.#context;
    if (attempt.verdict === "ack") {
      if (gate !== undefined) gate.note(message, "passed", undefined);
      message.lease.end(message);
      message.lease.ack(message);
      return;
    }
    const now = runtime.now();
    const { attempt: number, delivery, firstFailedAt } = message;
    const envelope = message.opened?.envelope;
    const down = isDown(attempt, plan.breaker?.on);
    // Whatever becomes of the message. Other failures say nothing of what the handler needs.
    if (gate !== undefined && down) gate.note(message, "failed", attempt.error);
    if (!down || !("unbegun" in attempt)) message.attempted = true;
    const decision = decide(plan.policy, attempt, {
      attempt: number,
      // A delay that the publisher asked for is no time in which the message could be tried.
      ageMs: now - Math.max(delivery.enqueuedAt ?? firstFailedAt ?? now, envelope?.notBefore ?? 0),
      maxAttempts: envelope?.maxAttempts,
      down,
      attempted: message.attempted || (number > 1 && countsAttempts(plan.capabilities)),
      random: runtime.random,
      describe: this.#context.describe,
      redact: this.#context.redact,
    });
    this.#act(message, decision);
  }

  condemn(message: HeldMessage, condemned: Condemned): void {
    const now = this.#context.runtime.now();
    message.firstFailedAt ??= now;
    message.condemnedAt ??= now;
    const { exhausted } = this.#context.plan.policy;
    if (exhausted === "skip") return this.#skip(message, condemned);
    if (exhausted === "block") return this.#block(message, condemned, condemned.error);
    this.#copy(message, condemned).then(
      () => this.#dead(message, condemned),
      (error: unknown) => this.#block(message, condemned, error),
    );
  }

  async #copy(message: HeldMessage, condemned: Condemned): Promise<void> {
    const { copyToDeadLetters } = await deadLetterCopy();
    await copyToDeadLetters(this.#context, message, message.opened as Opened, condemned);
  }

  #act(message: HeldMessage, decision: Decision): void {
    if (decision.action === "ack") return;
    if (decision.action === "skip") return this.#skipped(message, decision.reason);
    if (message.state === "lost") {
      message.lease.end(message);
      message.lease.leave(message);
    } else if (decision.action === "deadLetter") {
      this.condemn(message, decision);
    } else if (decision.action === "release") {
      this.#release(message, decision);
    } else if (decision.action === "down") {
      this.#down(message);
    } else {
      this.#retry(message, decision.delayMs, decision.asked, decision.error);
    }
  }

  #release(message: HeldMessage, { delayMs, orSooner, error }: Decision & { readonly action: "release" }): void {
    const { lease } = message;
    // Nothing can be returned to a log, and a broker that cannot delay would deliver it at once. Waiting here uses up no attempt.
    const waitMs = delayMs ?? (lease.log ? this.#context.plan.policy.retry.firstMs : 0);
    const here = lease.canKeep(message, waitMs);
    const there = lease.canReturn(message, waitMs);
    // Of a wait that nobody asked for, nothing is promised.
    if (delayMs !== undefined && waitMs > 0 && !here && !there && orSooner !== true) {
      const refused = `the handler asked for a release for ${waitMs} ms, which this transport cannot keep`;
      const reason = withError(refused, this.#context.describe(error));
      this.condemn(message, { action: "deadLetter", code: "release-delay-unsupported", reason, error });
      return;
    }
    lease.end(message);
    if (waitMs > 0 && here && !lease.ending) lease.wait(message, waitMs);
    else if (waitMs > 0 && there) this.#postpone(message, waitMs, "asked");
    else lease.release(message, "asked");
  }

  #postpone(message: HeldMessage, delayMs: number, reason: ReleaseReason): void {
    this.#context.told?.(message.delivery, { delayMs });
    message.lease.postpone(message, delayMs, reason);
  }

  /** Lets a message wait for what its handler needs. The longer it has waited, the longer until the next try. */
  #down(message: HeldMessage): void {
    const { lease } = message;
    const { runtime, plan } = this.#context;
    const now = runtime.now();
    message.firstFailedAt ??= now;
    const { firstMs, maxMs } = plan.policy.retry;
    const delayMs = Math.min(Math.max(now - message.firstFailedAt, firstMs), maxMs);
    lease.end(message);
    const reason = lease.ending ? "stop" : "asked";
    const there = lease.canReturn(message, delayMs);
    if (!lease.ending && lease.canKeep(message, delayMs)) lease.wait(message, delayMs);
    else if (there) this.#postpone(message, delayMs, reason);
    else lease.release(message, reason);
  }

  #retry(message: HeldMessage, delayMs: number, asked: boolean, error: unknown): void {
    const { lease } = message;
    const { told } = this.#context;
    const failed = message.attempt;
    const keeps = lease.canKeep(message, delayMs);
    const here = keeps && !lease.ending;
    const there = lease.canReturn(message, delayMs);
    if (!keeps && !there && asked) {
      const refused = `the handler asked for a retry in ${delayMs} ms, which this transport cannot keep`;
      const reason = withError(refused, this.#context.describe(error));
      this.condemn(message, { action: "deadLetter", code: "retry-delay-unsupported", reason, error });
      return;
    }
    message.firstFailedAt ??= this.#context.runtime.now();
    message.failures++;
    lease.end(message);
    told?.(message.delivery, { delayMs });
    this.#emitRetry(message, failed, delayMs, error);
    // What is pushed goes back even with a key: waiting here costs the time of the invocation, and the broker keeps the order.
    const inPlace = here && (lease.log || !there || (message.lane !== undefined && !told));
    if (inPlace) lease.wait(message, delayMs);
    else if (there) lease.giveBack(message, delayMs, failed);
    else lease.release(message, "stop");
  }

  #emitRetry(message: HeldMessage, attempt: number, delayMs: number, error: unknown): void {
    this.#context.emit({ type: "retry", level: "info", attempt, delayMs, error, ...factsOf(message) });
  }

  /** Acknowledges a message that the handler or a middleware skipped. There is no order gap, since the skip was deliberate. */
  #skipped(message: HeldMessage, reason: string): void {
    this.#context.emit({ type: "skipped", level: "info", by: "handler", reason, ...factsOf(message) });
    message.lease.end(message);
    message.lease.ack(message);
  }

  #dead(message: HeldMessage, condemned: Condemned): void {
    const { code, reason, error } = condemned;
    this.#context.troubles.clear(blockedKey(message));
    this.#context.emit({
      type: "dead-letter",
      level: "warn",
      attempt: message.attempt,
      code,
      reason,
      ...(error === undefined ? {} : { error }),
      ...factsOf(message),
    });
    this.#gap(message, "dead-letter");
    this.#context.told?.(message.delivery, { dead: true });
    message.lease.end(message);
    message.lease.ack(message);
  }

  #skip(message: HeldMessage, condemned: Condemned): void {
    this.#context.emit({
      type: "skipped",
      level: "warn",
      by: "policy",
      reason: condemned.reason,
      error: condemned.error,
      ...factsOf(message),
    });
    this.#gap(message, "skip");
    message.lease.end(message);
    message.lease.ack(message);
  }

  /**
   * Keeps a message that cannot be dead-lettered and blocks its key. The copy is tried again, not the handler: soon at first, since all behind it
   * waits, and the longer it has failed the later. What goes back to the broker uses up a delivery, so it goes back as seldom as it may.
   */
  #block(message: HeldMessage, condemned: Condemned, error: unknown): void {
    const { lease } = message;
    this.#context.emit({
      type: "blocked-message",
      level: "error",
      reason: condemned.reason,
      error,
      ...factsOf(message),
    });
    const { retry, exhausted } = this.#context.plan.policy;
    const delayMs = retry.maxMs;
    this.#blocked(message, condemned, error, delayMs);
    const failed = message.attempt;
    lease.end(message);
    if (message.state === "lost") return lease.leave(message);
    const failingMs = this.#context.runtime.now() - (message.condemnedAt as number);
    const hereMs = exhausted === "block" ? delayMs : Math.min(Math.max(failingMs, retry.firstMs), delayMs);
    const here = lease.canKeep(message, hereMs) && !lease.ending;
    if (lease.canReturn(message, delayMs) && (message.lane === undefined || !here)) {
      lease.giveBack(message, delayMs, failed);
    } else if (here) {
      message.condemned = condemned;
      lease.wait(message, hereMs);
    } else {
      lease.release(message, "stop");
    }
  }

  /** Reports the blocked message in `health()` until it has left or was not seen here for two rounds. */
  #blocked(message: HeldMessage, condemned: Condemned, error: unknown, delayMs: number): void {
    const { plan, channel, troubles } = this.#context;
    const known = isMessagingError(error) ? error : undefined;
    const why =
      plan.policy.exhausted === "block"
        ? `its policy says block: ${condemned.reason}`
        : (known?.message ?? "its dead-letter copy could not be made");
    const text = `consumer "${plan.group}" of "${channel.channel}": a message is blocked, and its key waits; ${why}`;
    const passing = known !== undefined && !needsPerson(known.kind);
    troubles.note(blockedKey(message), { text, needsPerson: !passing }, 2 * delayMs + plan.holdMs + 60_000);
  }

  /**
   * Keeps a message whose body cannot be read now and tries again. No attempt is used up. If reading it would need memory that others
   * have, it is tried again as soon as a handler is free.
   */
  unavailable(message: HeldMessage, error: MessagingError): void {
    const { lease } = message;
    if (error.code === NO_ROOM) {
      lease.end(message);
      if (message.state === "lost") lease.leave(message);
      else if (lease.ending) lease.release(message, "stop");
      else lease.wait(message, 0);
      return;
    }
    const condemned = postpone(this.#context, message, error);
    if (condemned !== undefined) this.condemn(message, condemned);
  }

  expired(message: HeldMessage): void {
    this.#context.emit({ type: "expired", level: "info", ...factsOf(message) });
    this.#gap(message, "expiry");
    message.lease.end(message);
    message.lease.ack(message);
  }

  #gap(message: HeldMessage, reason: "dead-letter" | "skip" | "expiry"): void {
    if (message.lane !== undefined)
      this.#context.emit({ type: "order-gap", level: "warn", reason, ...factsOf(message) });
  }
}

/** Whether an attempt above 1 means that an earlier one was made. Other transports count what was only handed out, or nothing. */
const countsAttempts = ({ attempts }: Pick<Capabilities, "attempts">): boolean =>
  attempts === "exact" || attempts === "failures";

function blockedKey(message: HeldMessage): string {
  return `blocked ${message.delivery.id}`;
}

/** The fields of an event that identify its message. */
export function factsOf(message: HeldMessage): { id: string; lease: string; key?: string } {
  const base = { id: message.opened?.id ?? message.delivery.id, lease: message.lease.id };
  const key = message.opened?.envelope?.key;
  return key === undefined ? base : { ...base, key };
}
