import { type AnyChannel, isMessagingError, systemRuntime } from "@switchyard/core";
import type { Call, Verb } from "../command.ts";
import { milliseconds, rateOf, whole } from "../durations.ts";
import { jsonOf, textOf } from "../given.ts";
import { UsageError } from "../io.ts";
import { progressOf } from "../progress.ts";
import { visible } from "../visible.ts";

interface Message {
  readonly type: string;
  readonly data: unknown;
  readonly options: Record<string, unknown>;
  /** Where it stands, for errors. */
  readonly where: string;
}

export const publish: Verb = {
  takes: "CHANNEL TYPE [DATA] | CHANNEL --file FILE",
  words: [1, 3],
  options: {
    file: {
      type: "string",
      value: "FILE",
      about:
        'JSON lines, "-" for stdin: {"type": ..., "data": ..., "id": ..., "headers": ...}, or data alone with TYPE',
    },
    id: { type: "string", value: "ID", about: "the message's id; default: a new one" },
    header: { type: "string", multiple: true, value: "NAME=VALUE", about: "a header; may be given several times" },
    delay: { type: "string", value: "TIME", about: "deliver no earlier than this time from now" },
    skip: { type: "string", value: "N", about: "leave out so many messages of the file: where a publish ended" },
    rate: { type: "string", value: "N/s", about: "at most so many messages by time" },
  },
  about:
    "Publishes messages as the service would: each is validated by its channel's schema. A line that is refused ends the command, and so does Ctrl-C; it says how many were published, and how to go on.",
  example: `switchyard publish orders order.placed '{"orderId":"1","cents":5}'`,
  async run(call) {
    const { io, out, values, words, project: found } = call;
    const project = await found();
    const channel = await project.channel(words[0]!);
    const all = await messagesOf(call);
    const skip = values["skip"] === undefined ? 0 : whole(values["skip"], "--skip", 0);
    const messages = all.slice(skip);
    const rate = values["rate"] === undefined ? undefined : rateOf(values["rate"], "--rate");
    const pauseMs = rate === undefined ? 0 : rate.per / rate.max;
    let published = 0;
    const progress = messages.length > 1 ? progressOf(call, "publishing") : undefined;
    await project.connected(
      async (messaging) => {
        for (const { type, data, options, where } of messages) {
          if (io.signal.aborted) break;
          const started = systemRuntime.monotonic();
          try {
            const sent = await messaging.publish(channel as AnyChannel, type as never, data as never, options as never);
            published++;
            if (out.json) out.record("publish", sent);
            else out.line(visible(sent.id));
            progress?.show({ done: published, total: messages.length });
          } catch (error) {
            if (!isMessagingError(error)) throw error;
            const safe = error.kind === "ambiguous" ? "; it may have been sent: publish it again with the same id" : "";
            const text = `${where}: ${error.code}: ${error.message}${safe}; ${published} published before it`;
            throw new Error(all.length === 1 ? text : `${text}; to go on, add --skip ${skip + published}`, {
              cause: error,
            });
          }
          const rest = pauseMs - (systemRuntime.monotonic() - started);
          if (rest > 0) await systemRuntime.sleep(rest, io.signal).catch(() => undefined);
        }
      },
      [words[0]!],
    );
    out.talk(`${published} of ${messages.length} published`);
    if (published === messages.length) return 0;
    out.talk(`to go on, add --skip ${skip + published}`);
    return 3;
  },
};

async function messagesOf({ io, values, words: [, type, data] }: Call): Promise<readonly Message[]> {
  const shared = sharedOptions(values);
  const file = values["file"];
  if (typeof file !== "string") {
    if (type === undefined || data === undefined)
      throw new UsageError("publish takes CHANNEL TYPE DATA, or CHANNEL --file FILE");
    return [{ type, data: jsonOf(data, "DATA"), options: shared, where: "DATA" }];
  }
  if (data !== undefined || shared["id"] !== undefined)
    throw new UsageError("--file has the data and the ids; leave DATA and --id out");
  const text = await textOf(file, "--file", io);
  return text.split("\n").flatMap((line, at): readonly Message[] => {
    if (line.trim() === "") return [];
    const where = `line ${at + 1}`;
    const value = jsonOf(line, where);
    if (type !== undefined) return [{ type, data: value, options: shared, where }];
    const { type: own, data: its, ...options } = (value ?? {}) as { type?: unknown; data?: unknown };
    if (typeof own !== "string" || its === undefined)
      throw new UsageError(
        `${where}: needs "type" and "data"; or give TYPE on the command line for lines of data alone`,
      );
    return [{ type: own, data: its, options: { ...shared, ...options }, where }];
  });
}

function sharedOptions(values: Call["values"]): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  if (values["id"] !== undefined) options["id"] = values["id"];
  if (values["delay"] !== undefined) options["delay"] = milliseconds(values["delay"], "--delay");
  const headers = (values["header"] as readonly string[] | undefined)?.map((pair) => {
    const at = pair.indexOf("=");
    if (at < 1) throw new UsageError("--header takes NAME=VALUE");
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  if (headers !== undefined) options["headers"] = Object.fromEntries(headers);
  return options;
}
