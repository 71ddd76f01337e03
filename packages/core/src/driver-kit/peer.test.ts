import { expect, test } from "vitest";
import { loadPeer } from "./peer.ts";

const missing = () =>
  Promise.reject(Object.assign(new Error("Cannot find package 'the-sdk'"), { code: "ERR_MODULE_NOT_FOUND" }));
const found = async () => ({ found: true });

test("a peer is taken from beside the adapter, else from the project", async () => {
  await expect(loadPeer("the-sdk", "us", found, missing)).resolves.toEqual({ found: true });
  await expect(loadPeer("the-sdk", "us", missing, found)).resolves.toEqual({ found: true });
});

test("a peer that is nowhere: the error says what to install", async () => {
  await expect(loadPeer("the-sdk", "us", missing, missing)).rejects.toMatchObject({
    code: "missing-dependency",
    kind: "config",
    message: "us needs the package the-sdk; run: npm install the-sdk",
  });
  await expect(
    loadPeer("no-such-package-anywhere", "us", () => import("no-such-package-anywhere" as string)),
  ).rejects.toMatchObject({ code: "missing-dependency" });
});

test("a peer that is there and broken fails with its own error", async () => {
  const broken = new Error("broken inside");
  await expect(loadPeer("the-sdk", "us", () => Promise.reject(broken), found)).rejects.toBe(broken);
});
