/** What to do about each event. The generated reference fails without an entry for an event, and with one for an event that is not there. */
export const EVENT_ADVICE: Readonly<Record<string, string>> = {
  handled: "Nothing. Count them, and watch `durationMs`: a handler should take much less than the hold.",
  retry:
    "Nothing about one. A rising rate is an outage that begins: look at `error`, and at what the handler calls. A [breaker](../guides/breaker.md) pauses the group meanwhile.",
  unreadable:
    "Look at `error`: a key that is not there, a right that is missing, or a store that does not answer. Mend it; the message is tried again by itself and uses up no attempt.",
  breaker:
    "`open`: mend what `reason` names. The group tries again by itself; [`messaging.resume()`](../guides/breaker.md) tries at once. `closed`: nothing.",
  "dead-letter":
    "Somebody must look: [dead letters](../guides/dead-letters.md) shows how. Mend the cause, then redrive. `code` says why: see [errors](errors.md).",
  "blocked-message":
    "Page somebody. Its key waits behind it. Mend why no dead letter could be made (`error`: a missing queue or right), or choose another `deadLetter` policy.",
  skipped:
    "By the policy: somebody must look, since the message is gone; `deadLetter: true` keeps such messages. By a handler: nothing, if it meant to.",
  expired:
    "Nothing about a few. Many: consumers are too slow for the `expires` of the messages. Watch [the backlog](../guides/backlog.md).",
  discarded: "Nothing: the consumer says `ignore`. If it should not, give the type a handler.",
  "order-gap":
    "Nothing if the application can bear it. Otherwise repair what depends on the key: `reason` says how the gap came to be.",
  lost: "Nothing about a few: the message comes again, so [handlers must be idempotent](../guides/idempotent-handlers.md). Many with `handling`: handlers take longer than the hold; raise `hold`, or make them faster. Many with `settling`: look at the connection.",
  abandoned: "Give the function more time than its handlers take, or fewer messages at once. The message comes again.",
  released:
    "Nothing. Many with `hold`: `maxInFlight` is too large for the handlers; lower it, or raise `concurrency`. Many with `order`: many keys fail.",
  operation:
    "Keep them: they say who moved, deleted or copied messages, and when. For a record that cannot be missing, give [`audit`](../guides/dead-letters.md#who-did-what).",
  "receive-failed":
    "`warn`: nothing, it is tried again; if it lasts, look at the broker. `error`: a person must act: the queue or a right is missing, as `error` says.",
  resend:
    "Nothing about a few. Many: the broker throttles or is down; publishing then waits, and fails at its `timeout`.",
  connection:
    "`down`: look at the broker and the network, if it lasts. `blocked`: RabbitMQ is out of memory or disk. `throttled`: raise the broker's quota, or publish less. `up`: nothing.",
  "position-lost":
    "Page somebody: messages were lost. Raise the retention, or add consumers, and restore what was lost from its source.",
  "start-waits":
    "Nothing: it starts after `waitMs`. If it is a lease of a process that died, that is how long it takes to notice.",
  warning: "Read `error`: it says what works less well, and what to change.",
  "stop-shortened":
    "Give the process more time to stop than `drain`, or lower `drain`. What was not finished comes again.",
};
