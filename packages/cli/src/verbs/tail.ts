import type { ReplayFrom, TailedMessage } from "@switchyard/core";
import { systemRuntime } from "@switchyard/core";
import type { Call, Verb } from "../command.ts";
import { instant, milliseconds, whole } from "../durations.ts";
import { UsageError } from "../io.ts";
import { visible } from "../visible.ts";
import { AUDIT } from "./dead-look.ts";

export const tail: Verb = {
  takes: "CHANNEL [--since earliest|TIME|AGE] [--body]",
  words: [1, 1],
  options: {
    since: {
      type: "string",
      value: "WHEN",
      about: "of a stream also what it keeps: earliest, a time such as 2026-11-29T10:00:00Z, or an age such as 10m",
    },
    max: { type: "string", value: "N", about: "end after so many messages" },
    for: { type: "string", value: "TIME", about: "end after this time; default 1h, at most 12h" },
    body: {
      type: "boolean",
      about: "also headers and data, which may be private; decrypted if this process may; it is written to the audit",
    },
    audit: AUDIT,
  },
  about:
    "Shows the messages of a stream or of pub/sub as they pass, and takes nothing from its groups. A stream is read without a lease, at most once a second and partition. On pub/sub it makes a queue of its own with a copy of every message, and removes it after; that needs rights of its own: `policy watcher`. A queue is refused: whoever reads it takes from its group.",
  example: "switchyard tail clicks --since 10m",
  async run(call) {
    const { io, out, values, words, project: found } = call;
    const [name] = words as [string];
    const project = await found();
    const channel = await project.channel(name);
    const data = values["body"] === true;
    const most = values["max"] === undefined ? Number.POSITIVE_INFINITY : whole(values["max"], "--max");
    const options = {
      from: sinceOf(values["since"]),
      data,
      signal: io.signal,
      ...(values["for"] === undefined ? {} : { for: milliseconds(values["for"], "--for") }),
    };
    await project.connected(
      async (messaging) => {
        if (data) await auditBodies(call, name);
        const watched = messaging.tail(channel, options);
        watched.watching.then(
          () => out.talk(visible(`watching ${name}; Ctrl-C ends it`)),
          () => undefined,
        );
        let shown = 0;
        for await (const message of watched) {
          if (out.json) out.record("tail", written(message));
          else print(call, message);
          if (++shown >= most) break;
        }
        out.talk(`${shown} shown`);
      },
      [name],
    );
    return 0;
  },
};

function sinceOf(value: unknown): ReplayFrom {
  if (value === undefined) return "latest";
  if (value === "earliest") return value;
  const time = instant(value);
  if (time !== undefined) return { time };
  if (typeof value === "string" && /^\d/.test(value) && !value.includes("T"))
    return { time: systemRuntime.now() - milliseconds(value, "--since") };
  throw new UsageError(
    "--since takes earliest, an age such as 10m, or a time with its zone such as 2026-11-29T10:00:00Z",
  );
}

async function auditBodies(call: Call, channel: string): Promise<void> {
  const { Act } = await import("../act.ts");
  await Act.looking(call, "tail bodies", { channel }).begin();
}

const base64 = (bytes: Uint8Array) => ({ base64: Buffer.from(bytes).toString("base64") });

const written = ({ data, ...message }: TailedMessage): object =>
  data === undefined ? message : { ...message, data: data instanceof Uint8Array ? base64(data) : data };

/** One line, and with `--body` one more for the headers and one for the data. */
function print({ out }: Call, message: TailedMessage): void {
  const { id, type = "-", source = "-", key, publishedAt, bytes, position, to, headers, data, unreadable } = message;
  const facts = [
    publishedAt?.toISOString() ?? "-",
    ...[type, id, source, `${bytes} B`],
    ...(key === undefined ? [] : [`key ${key}`]),
    ...(position === undefined ? [] : [`at ${position}`]),
    ...(to === undefined ? [] : [`only for ${to}`]),
  ];
  out.line(facts.map(visible).join("  "));
  if (headers !== undefined && Object.keys(headers).length > 0)
    out.line(visible(`  headers ${JSON.stringify(headers)}`));
  if (unreadable !== undefined) out.line(visible(`  unreadable: ${unreadable.code}: ${unreadable.message}`));
  else if (data !== undefined)
    out.line(visible(`  ${JSON.stringify(data instanceof Uint8Array ? base64(data) : data)}`));
}
