/** `--import` it: on stderr come the URLs of all modules that a program loads, and every connection that it opens, which fails. */
import { registerHooks } from "node:module";
import { Socket } from "node:net";

const seen = [];
registerHooks({
  load(url, context, next) {
    seen.push(`loaded ${url}`);
    return next(url, context);
  },
});
Socket.prototype.connect = (...where) => {
  seen.push(`connects ${JSON.stringify(where)}`);
  throw new Error("no connection here");
};
process.on("exit", () => process.stderr.write(`${seen.join("\n")}\n`));
