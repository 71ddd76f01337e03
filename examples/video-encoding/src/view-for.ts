import { LiveView } from "./live-view.ts";
import { PlainView } from "./plain-view.ts";
import type { View } from "./view.ts";

export function viewFor(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): View {
  const live = stream.isTTY && env["TERM"] !== "dumb" && env["CI"] === undefined;
  return live
    ? new LiveView(stream, { colour: env["NO_COLOR"] === undefined })
    : new PlainView((line) => stream.write(`${line}\n`));
}
