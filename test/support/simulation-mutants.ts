/** Bugs that this project has had, put back into today's code as a change of its text. The simulation must find each. */
export interface SimulationMutant {
  /** What was wrong, as in the table of docs/reliability.md. */
  readonly bug: string;
  readonly file: string;
  /** Stands once in the file. */
  readonly from: string;
  readonly to: string;
  /** It is found within so many runs. */
  readonly within: number;
}

const LEASE = "packages/core/src/consume/lease";

export const SIMULATION_MUTANTS: readonly SimulationMutant[] = [
  {
    bug: "the next message of a key does not start when the one before it has left",
    file: `${LEASE}/held-messages.ts`,
    from: `if (head?.state === "ready") host.enqueue(head);`,
    to: "",
    within: 300,
  },
  {
    bug: "later messages of a key are not returned with the one before them",
    file: `${LEASE}/held-messages.ts`,
    from: 'for (const later of this.#lanes.cutBehind(message.lane, message)) this.release(later, "order");',
    to: "",
    within: 1200,
  },
  {
    bug: "messages of a lost lease start while it is given up",
    file: `${LEASE}/held-messages.ts`,
    from: "idle.push(message);",
    to: "this.#drop(message);",
    within: 1100,
  },
  {
    bug: "a hold that was not extended in time is given up late",
    file: `${LEASE}/extend.ts`,
    from: "if (now >= message.deadline - this.margin) {",
    to: "if (now >= message.deadline + 60_000) {",
    within: 800,
  },
  {
    bug: "the places of a failed receive are not given back",
    file: `${LEASE}/receive-loop.ts`,
    from: "context.budget.unreserve(this.#reserved);\n    if (signal.aborted",
    to: "if (signal.aborted",
    within: 400,
  },
  {
    bug: "the places that a receive did not fill are not given back",
    file: `${LEASE}/receive-loop.ts`,
    from: "if (count < this.#reserved) budget.unreserve(this.#reserved - count);",
    to: "",
    within: 100,
  },
  {
    bug: "a checkpoint passes a record whose handler still runs",
    file: `${LEASE}/checkpoint.ts`,
    from: "else this.#settled.add(message);",
    to: "else {\n      this.#settled.add(message);\n      this.#mark = message;\n    }",
    within: 100,
  },
  {
    bug: "a handler that throws undefined counts as one that ended well",
    file: "packages/core/src/consume/attempt/run.ts",
    from: "  } catch (error) {\n    return verdictFor(error);\n  }\n}\n\n/** Runs each middleware",
    to: "  } catch (error) {\n    return error === undefined ? ACK : verdictFor(error);\n  }\n}\n\n/** Runs each middleware",
    within: 200,
  },
  {
    bug: "concurrency counts a handler as ended before it has",
    file: "packages/core/src/consume/attempt/single.ts",
    from: "    void attempt.then((ended) => {\n      concluder.conclude(message, ended);\n      done();\n    });",
    to: "    done();\n    void attempt.then((ended) => {\n      concluder.conclude(message, ended);\n    });",
    within: 200,
  },
  {
    bug: "a session that ends leaves a timer behind",
    file: "packages/core/src/consume/group/session.ts",
    from: "limit.signal).catch(() => undefined);\n    timer[Symbol.dispose]();",
    to: "limit.signal).catch(() => undefined);",
    within: 20,
  },
  {
    bug: "a message without an answer is reported as accepted",
    file: "packages/core/src/publish/send/send-loop.ts",
    from: "if (!hopeless && this.#stopping === undefined) return true;",
    to: 'if (kind === "ambiguous") this.#options.finish(message, undefined, {} as never);\n    else if (!hopeless && this.#stopping === undefined) return true;',
    within: 300,
  },
  {
    bug: "a message that leaves keeps its place in the budget",
    file: `${LEASE}/budget.ts`,
    from: "this.#bytes -= bytes;\n    this.unreserve(1);",
    to: "this.#bytes -= bytes;",
    within: 100,
  },
  {
    bug: "a lease that arrives after the stop is read",
    file: "packages/core/src/consume/group/session.ts",
    from: "if (this.stopping) void runner.quiesce();\n    else runner.start();",
    to: "runner.start();",
    within: 100,
  },
  {
    bug: "an observer that throws ends what it was told of",
    file: "packages/core/src/base/guarded.ts",
    from: "    } catch (error) {\n      failed(error);\n    }",
    to: "    } catch (error) {\n      failed(error);\n      throw error;\n    }",
    within: 400,
  },
  {
    bug: "a receive that is refused once ends its group for good",
    file: "packages/core/src/consume/group/runner.ts",
    from: "if (!running && !passing) return failed(error);",
    to: "if (!passing) return failed(error);",
    within: 400,
  },
  {
    bug: "a message overtakes one of its key that is on its way back to the broker",
    file: `${LEASE}/held-messages.ts`,
    from: "return message.lane !== undefined && this.#lanes?.behind(message.lane, message) === true;",
    to: "return false;",
    within: 2000,
  },
];
