import { expect, test } from "vitest";
import { lines, type TextLine } from "./lines.ts";

const origin = { channel: "orders", group: "billing" };

async function read(...chunks: readonly Uint8Array[]): Promise<TextLine[]> {
  const all: TextLine[] = [];
  for await (const line of lines(from(chunks), origin)) all.push(line);
  return all;
}

async function* from(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

test("lines are the same wherever the chunks end, and only a line feed ends one", async () => {
  const bytes = Buffer.from("a漢\u2028\r\n\n\uFEFFb");
  const whole = await read(bytes);
  expect(whole).toEqual([
    { text: "a漢\u2028\r", bytes: 9, whole: true },
    { text: "", bytes: 1, whole: true },
    { text: "\uFEFFb", bytes: 4, whole: false },
  ]);
  for (let at = 1; at < bytes.length; at++)
    expect(await read(bytes.subarray(0, at), bytes.subarray(at))).toEqual(whole);
});

test("what is not UTF-8 is refused with its line; the rest of a line that was cut off may end anywhere", async () => {
  const broken = Buffer.from([0xe6, 0xbc]);
  await expect(read(Buffer.from("a\n"), broken, Buffer.from("\n"))).rejects.toMatchObject({
    code: "bad-import",
    message: expect.stringMatching(/^line 2: it is not UTF-8/),
  });
  expect((await read(Buffer.from("a\n"), broken)).map(({ whole }) => whole)).toEqual([true, false]);
});
