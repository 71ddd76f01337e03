import { expect, test } from "vitest";
import { fill } from "./substitute.ts";

test("every variable that is not set is named, each once", () => {
  const { missing } = fill({ url: "amqp://${USER}:${PW}@${HOST:-localhost}/${USER}" }, {});
  const message = missing.get("url")?.message ?? "";
  expect(message.match(/environment variable \w+/g)).toEqual(["environment variable USER", "environment variable PW"]);
});

test("what was filled in is known by itself too, so that it can be hidden where a driver quotes it alone", () => {
  const { value, fromEnv } = fill({ url: "amqp://${USER}:${PW}@host" }, { USER: "someone", PW: "hidden-word" });
  expect(value).toEqual({ url: "amqp://someone:hidden-word@host" });
  expect(fromEnv.get("url")).toMatchObject({ names: ["USER", "PW"], parts: ["someone", "hidden-word"] });
});
