import { expect, test } from "vitest";
import { partitionFor } from "./routes.ts";

test("a key's partition never changes", () => {
  expect(["a", "customer 9", "漢", ""].map((key) => partitionFor(key, 4))).toEqual([2, 1, 1, 2]);
});
