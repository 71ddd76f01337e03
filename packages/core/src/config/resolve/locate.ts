import type { Destination } from "../../driver/index.ts";
import type { ChannelShape } from "../../api/shapes.ts";
import type { Connected, Connections } from "./connections.ts";
import type { Context } from "./context.ts";
import type { Naming } from "./names.ts";
import type { Section } from "../layers/section.ts";
import type { ChannelInput } from "../../api/config-input.ts";

/** A channel while it is resolved: what its groups need to know of it. */
export interface Resolving {
  readonly context: Context;
  readonly connections: Connections;
  readonly shape: ChannelShape;
  readonly section: Section;
  readonly input: ChannelInput;
  readonly naming: Naming;
  readonly connected: Connected;
  readonly shapes: readonly ChannelShape[];
}

/** Asks the driver for the broker's name, and reports what is wrong with it. */
export function locate(resolving: Resolving, of: Destination, where: string): string | undefined {
  const { context, connected, input } = resolving;
  if (of.address === undefined && of.baseAddress === undefined && connected.adapter.name !== "memory") {
    context.needsPrefix(of.channel, connected.name);
  }
  if (!connected.valid) return undefined;
  const { address, problem } = connected.adapter.locate(of, connected.options);
  if (problem !== undefined)
    context.problems.add(where, `${of.address === undefined ? `physical name ${of.name}: ` : ""}${problem}`);
  else if (input.form === "fifo" && of.ordered && !of.dead && !address.endsWith(".fifo")) {
    context.problems.add(
      resolving.section.where("form"),
      `"${connected.name}" (${connected.adapter.name}) has no form fifo; say ordered`,
    );
  }
  return address;
}

/** What the driver says of its own settings and of the limits of those it shares (retention, hold). */
export function checkNative({ context, connected }: Resolving, of: Destination, home: string, native: string): void {
  if (!connected.valid) return;
  const where = Object.keys(of.native).length === 0 ? home : native;
  for (const problem of connected.adapter.nativeProblems?.(of, connected.options) ?? []) {
    context.problems.add(where, problem);
  }
}
