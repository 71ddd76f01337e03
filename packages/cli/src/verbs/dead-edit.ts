import type { DeadLetterEdit } from "@switchyard/core";
import { Act, ACT_OPTIONS } from "../act.ts";
import type { Call, Verb } from "../command.ts";
import { jsonOf, textOf } from "../given.ts";
import { UsageError } from "../io.ts";
import { visible } from "../visible.ts";
import { BOTH_ENDS, within } from "./dead-look.ts";

export const edit: Verb = {
  takes: "CHANNEL GROUP ID [--data JSON | --file FILE] [--type TYPE]",
  words: [3, 3],
  options: {
    data: { type: "string", value: "JSON", about: "the data in place of the letter's" },
    file: {
      type: "string",
      value: "FILE",
      about: 'the data, from a file, or "-" for stdin: other users cannot see it then',
    },
    type: { type: "string", value: "TYPE", about: "another message type" },
    ...ACT_OPTIONS,
  },
  about:
    "Sends a dead letter with changes to the group that failed it, as a new message that names the letter as its cause. The group's configuration must allow it: `editDeadLetters: true`. Without --yes it only checks that the letter is there.",
  example: "switchyard dead edit orders billing o-1 --file order.json --profile prod --yes",
  async run(call) {
    const { out, words } = call;
    const [channel, group, id] = words as [string, string, string];
    const change = await changeOf(call);
    const act = await Act.of(call, "dead edit", { channel, group, id });
    return within(
      call,
      async (dead) => {
        if (!act.allowed) {
          const found = await dead.get(id);
          out.line(
            visible(
              found === undefined
                ? `no dead letter ${id} was found`
                : `${id} (${found.type}) would be sent with changes`,
            ),
          );
          return found === undefined ? 1 : 0;
        }
        const edited = await dead.edit(id, change);
        if (out.json) out.document("dead edit", edited);
        else
          out.line(
            visible(
              `sent as ${edited.id}${edited.removed ? "" : "; the letter could not be removed: run the same command again"}`,
            ),
          );
        return edited.removed ? 0 : 3;
      },
      act,
      BOTH_ENDS,
    );
  },
};

async function changeOf({ io, values }: Call): Promise<DeadLetterEdit> {
  const { data, file, type } = values;
  if (typeof data === "string" && typeof file === "string")
    throw new UsageError("dead edit takes --data or --file, not both");
  const text = typeof file === "string" ? await textOf(file, "--file", io) : data;
  if (typeof text !== "string" && typeof type !== "string")
    throw new UsageError("dead edit takes --data, --file or --type");
  return {
    ...(typeof text === "string" ? { data: jsonOf(text, "the data") } : {}),
    ...(typeof type === "string" ? { type } : {}),
  };
}
