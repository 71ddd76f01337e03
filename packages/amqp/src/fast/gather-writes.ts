import type { AmqpModel } from "../sdk.ts";

interface Socket {
  write(...args: readonly unknown[]): boolean;
  cork(): void;
  uncork(): void;
}

/**
 * amqplib writes each frame on its own, which is a system call for each message and each acknowledgement. With this patch, what is
 * written within one turn of the event loop leaves in one call at its end. Nothing waits for a later turn.
 */
export function gatherWrites(model: AmqpModel): void {
  const socket = (model.connection as { stream?: Partial<Socket> } | undefined)?.stream;
  if (!isSocket(socket)) return;
  const write = socket.write.bind(socket);
  let corked = false;
  const uncork = () => {
    corked = false;
    socket.uncork();
  };
  socket.write = (...args) => {
    if (!corked) {
      corked = true;
      socket.cork();
      queueMicrotask(uncork);
    }
    return write(...args);
  };
}

const isSocket = (given: Partial<Socket> | undefined): given is Socket =>
  typeof given?.write === "function" && typeof given.cork === "function" && typeof given.uncork === "function";
