import { expect, test } from "vitest";
import { byIndex } from "./batches.ts";

const done = (...ids: string[]) => ids.map((Id) => ({ Id, MessageId: `m${Id}` }));
/** Which answer each entry found; undefined: none. */
const found = (Successful: { Id: string; MessageId: string }[], count: number) =>
  byIndex({ Successful, Failed: [] }, count).map((result) => ("cause" in result ? undefined : result.MessageId));

test("answers find their entries in whatever order they come", () => {
  expect(found(done("0", "1", "2"), 3)).toEqual(["m0", "m1", "m2"]);
  expect(found(done("2", "0", "1"), 3)).toEqual(["m0", "m1", "m2"]);
});

test("an entry nothing is said about has failed, though the answers are as many", () => {
  expect(found(done("0", "1", "1"), 3)).toEqual(["m0", "m1", undefined]);
  expect(found(done("0", "1"), 3)).toEqual(["m0", "m1", undefined]);
  expect(found(done("0", "1", "3"), 3)).toEqual(["m0", "m1", undefined]);
});

test("what is reported as failed has failed, whatever else is said of it", () => {
  const reply = { Successful: done("0", "1"), Failed: [{ Id: "2", Code: "InternalError", SenderFault: false }] };
  expect(byIndex(reply, 3)[2]).toMatchObject({ cause: { name: "InternalError" } });
});
