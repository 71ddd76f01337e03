import type { AnyDelivery, Consumer, Middleware } from "@switchyard/core";

type Handler = (...given: any[]) => unknown;

export interface Watcher {
  /** Called when a handler gets these deliveries. */
  began(deliveries: readonly AnyDelivery[]): void;
  /** Called when a handler begins. Call the returned function at its end. */
  track(name: string): () => void;
}

/** The same consumer, with its handlers and middleware observed by the testbed. */
export function tracked(consumer: Consumer<any>, watcher: Watcher): Consumer<any> {
  const name = (type: string) => `handler of ${type} in group "${consumer.group}" of "${consumer.channel.name}"`;
  const handlers = Object.entries(consumer.handlers).map(([type, handler]) => {
    if (handler === "ignore") return [type, handler] as const;
    const began = (_data: unknown, delivery: AnyDelivery) => watcher.began([delivery]);
    return [type, around(handler, began, () => watcher.track(name(type)))] as const;
  });
  const { use = [] } = consumer.options;
  const outermost: Middleware = Object.freeze({
    "~switchyard": "middleware",
    run: async (_delivery: object, next: () => Promise<void>) => {
      const done = watcher.track(name("*"));
      try {
        await next();
      } finally {
        done();
      }
    },
  });
  return Object.freeze({
    ...consumer,
    handlers: Object.freeze(Object.fromEntries(handlers)),
    ...(consumer.handler === undefined
      ? {}
      : {
          handler: around(
            consumer.handler,
            (batch: Iterable<AnyDelivery>) => watcher.began([...batch]),
            () => watcher.track(name("batches")),
          ),
        }),
    options: use.length === 0 ? consumer.options : { ...consumer.options, use: [outermost, ...use] },
  });
}

function around(handler: Handler, began: Handler, track: () => () => void): Handler {
  return (...given) => {
    began(...given);
    const done = track();
    try {
      const result = handler(...given);
      if (typeof (result as PromiseLike<unknown> | undefined)?.then !== "function") {
        done();
        return result;
      }
      return Promise.resolve(result).finally(done);
    } catch (error) {
      done();
      throw error;
    }
  };
}
