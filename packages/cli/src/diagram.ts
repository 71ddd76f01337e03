/** Channels as a Mermaid flowchart: who publishes, the channel, its groups and their dead letters. */
import type { Explanation } from "@switchyard/core";

/** Returns Mermaid text, the same for the same explanation. */
export function diagram({ service, channels }: Explanation): string {
  const lines = ["flowchart LR", `  service(["${escaped(service)}"])`];
  const dead = new Map<string, string>();
  Object.entries(channels).forEach(([name, channel], at) => {
    const id = `c${at}`;
    const shape =
      channel.model === "stream" ? [`[("`, `")]`] : channel.model === "pubsub" ? [`{{"`, `"}}`] : [`[["`, `"]]`];
    lines.push(
      `  ${id}${shape[0]}${escaped(name)}<br/>${escaped(`${channel.model} on ${channel.transport}`)}${shape[1]}`,
      `  service --> ${id}`,
    );
    Object.entries(channel.groups).forEach(([group, of], nth) => {
      const own = `${id}g${nth}`;
      lines.push(`  ${own}(["${escaped(group)}"])`, `  ${id} --> ${own}`);
      if (of.deadLetter === null) return;
      let box = dead.get(of.deadLetter);
      if (box === undefined) {
        dead.set(of.deadLetter, (box = `d${dead.size}`));
        lines.push(`  ${box}[/"${escaped(of.deadLetter)}"/]`);
      }
      lines.push(`  ${own} -. ${escaped(of.exhausted)} .-> ${box}`);
    });
  });
  return `${lines.join("\n")}\n`;
}

/** Mermaid reads entities in quotes. */
const escaped = (text: string): string =>
  text.replaceAll(/[^\w ./:@+-]/gu, (character) => `#${character.codePointAt(0)!};`);
