import { EventEmitter } from "node:events";
import { virtualRuntime } from "@switchyard/core/testing";
import { expect, test } from "vitest";
import { capabilitiesOf } from "../capabilities.ts";
import { Caution } from "./caution.ts";
import { Channel } from "../client/channel.ts";
import { ConfirmChannel } from "./confirm-channel.ts";
import { CHANNELS_TO_PUBLISH, UNANSWERED_A_CHANNEL } from "../limits.ts";
import { ConfirmChannelPool } from "./confirm-channel-pool.ts";
import { createSender } from "../sender.ts";

const never = new AbortController().signal;
const turn = () => new Promise(setImmediate);

class Raw extends EventEmitter {
  readonly unconfirmed: ((error: unknown) => void)[] = [];
  closed = false;
  publish(_exchange: string, _key: string, _content: unknown, _options: unknown, done: (error: unknown) => void) {
    this.unconfirmed.push(done);
    return true;
  }
  confirm(): void {
    for (const done of this.unconfirmed.splice(0)) done(null);
  }
  async close() {
    this.closed = true;
  }
}

function confirmsOn() {
  const link = new AbortController();
  const raw = new Raw();
  return { raw, link, confirms: new ConfirmChannel(new Channel(raw as never, link.signal, (work) => work), undefined) };
}

/** A sender whose channels are all that were opened, the first among them. */
function opened({ spread = true, open }: { spread?: boolean; open?: () => Promise<ConfirmChannel> } = {}) {
  const channels = [confirmsOn()];
  const more = async () => {
    channels.push(confirmsOn());
    return channels.at(-1)!.confirms;
  };
  const of: any = { model: "queue", ordered: false, base: "b", name: "q", native: {} };
  const sender = createSender({
    capabilities: capabilitiesOf(of, { maxMessageBytes: 1_000_000 }),
    route: { exchange: "", key: () => "q", mandatory: true, checks: {} },
    pool: new ConfirmChannelPool(channels[0]!.confirms, spread ? (open ?? more) : undefined),
    link: { blocked: undefined },
    delays: "d",
    address: "q",
    priority: undefined,
    runtime: virtualRuntime(),
    fast: undefined,
    caution: new Caution(),
  });
  const send = (count: number) =>
    sender.send(
      Array.from({ length: count }, (_, n) => ({ body: `${n}`, headers: {} })),
      never,
    );
  return { channels, sender, send };
}

const underWay = (channels: readonly { raw: Raw }[]) => channels.map(({ raw }) => raw.unconfirmed.length);

test("who has little under way has one channel, whatever is sent in all", async () => {
  const { channels, send } = opened();
  for (let i = 0; i < 10; i++) {
    const sending = send(UNANSWERED_A_CHANNEL);
    channels[0]!.raw.confirm();
    expect(await sending).toHaveLength(UNANSWERED_A_CHANNEL);
  }
  expect(channels).toHaveLength(1);
});

test("what is too much for one channel goes by the next, and by no more than a few", async () => {
  const { channels, send } = opened();
  const all: Promise<unknown>[] = [];
  for (let i = 0; i < 4 * CHANNELS_TO_PUBLISH; i++) {
    all.push(send(UNANSWERED_A_CHANNEL / 2));
    await turn();
  }
  expect(channels).toHaveLength(CHANNELS_TO_PUBLISH);
  expect(underWay(channels)).toEqual(channels.map(() => 2 * UNANSWERED_A_CHANNEL));
  for (const { raw } of channels) raw.confirm();
  await Promise.all(all);
  void send(1);
  expect(underWay(channels)).toEqual([1, ...channels.slice(1).map(() => 0)]);
});

test("where order counts there is one channel", async () => {
  const { channels, send } = opened({ spread: false });
  for (let i = 0; i < 8; i++) void send(UNANSWERED_A_CHANNEL);
  await turn();
  expect(underWay(channels)).toEqual([8 * UNANSWERED_A_CHANNEL]);
});

test("where the broker gives no second channel, the first does", async () => {
  let asked = 0;
  const open = async () => {
    asked++;
    throw new Error("no channels left");
  };
  const { channels, send } = opened({ open });
  for (let i = 0; i < 8; i++) {
    void send(UNANSWERED_A_CHANNEL);
    await turn();
  }
  expect(underWay(channels)).toEqual([8 * UNANSWERED_A_CHANNEL]);
  expect(asked).toBe(1);
});

test("a sender that has lost one of its channels is over; what the others were given they answer", async () => {
  const { channels, send } = opened();
  const first = send(UNANSWERED_A_CHANNEL);
  void send(1);
  await turn();
  void send(1);
  expect(channels).toHaveLength(2);
  channels[1]!.link.abort(new Error("cut"));
  await expect(send(1)).rejects.toMatchObject({ kind: "closed" });
  channels[0]!.raw.confirm();
  expect((await first).every((sent) => !("cause" in sent))).toBe(true);
});

test("closing a sender closes all its channels, and one that is still being opened", async () => {
  const late = confirmsOn();
  let give = (_: ConfirmChannel): void => {};
  const { channels, sender, send } = opened({ open: () => new Promise((resolve) => (give = resolve)) });
  void send(UNANSWERED_A_CHANNEL);
  void send(1);
  const closing = sender.close();
  give(late.confirms);
  await closing;
  expect([channels[0]!.raw.closed, late.raw.closed]).toEqual([true, true]);
});
