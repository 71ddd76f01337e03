import { expect, test } from "vitest";
import type { ClientLike } from "./clients.ts";
import { Renewal } from "./renewal.ts";

/** Clients of an SDK that reads `keys.now` when it is made past its cache, and what each was made with. */
function clients() {
  const keys = { now: "old" as string | Error };
  const made: Readonly<Record<string, unknown>>[] = [];
  const renewal = new Renewal<ClientLike>((more) => {
    made.push(more);
    const accessKeyId = keys.now;
    const credentials = async () => {
      if (accessKeyId instanceof Error) throw accessKeyId;
      return { accessKeyId };
    };
    return { send: async () => accessKeyId, config: { credentials, requestHandler: "handler" } };
  });
  return { keys, made, renewal };
}

test("the same credentials are no reason to call again; others are, and the connections go on", async () => {
  const { keys, made, renewal } = clients();
  expect(await renewal.renew(0)).toBe(false);
  keys.now = "new";
  expect(await renewal.renew(0)).toBe(true);
  expect(await renewal.current.send({})).toBe("new");
  expect(made.at(-1)).toEqual({ requestHandler: "handler", ignoreCache: true });
});

test("a call that hears of its refusal after another has found the new keys uses them as well", async () => {
  const { keys, made, renewal } = clients();
  keys.now = "new";
  expect(await Promise.all([renewal.renew(0), renewal.renew(0)])).toEqual([true, true]);
  expect(await renewal.renew(0)).toBe(true);
  expect(made).toHaveLength(2);
  expect(await renewal.renew(renewal.generation)).toBe(false);
});

test("credentials that cannot be read leave the client as it is", async () => {
  const { keys, renewal } = clients();
  const before = renewal.current;
  keys.now = new Error("no such profile");
  expect(await renewal.renew(0)).toBe(false);
  expect(renewal.current).toBe(before);
});
