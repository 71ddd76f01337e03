import { expect, test } from "vitest";
import { placeAt, serverAt, serverOf, shown, urlProblem } from "./endpoint.ts";

test("plain amqp: stays on this machine unless allowed", () => {
  expect(urlProblem("amqp://127.0.0.1", false)).toBeUndefined();
  expect(urlProblem("amqps://broker.example", false)).toBeUndefined();
  expect(urlProblem("amqp://broker.example", true)).toBeUndefined();
  expect(urlProblem("amqp://broker.example", false)).toMatch(/amqps:/);
  expect(urlProblem("http://localhost", false)).toMatch(/must be an address/);
});

test("an address is shown without its user and password", () => {
  expect(shown("amqps://u:p@h:1/v?x=y")).toBe("amqps://h:1/v");
});

test.each([
  ["amqps://u:p@broker.example/v?x=y", { address: "broker.example", port: 5671 }],
  ["amqp://u:p@[::1]:5673", { address: "::1", port: 5673 }],
  ["amqp://localhost", { address: "localhost", port: 5672 }],
  ["u:p@h", undefined],
])("the server of %s", (url, server) => {
  expect(serverAt(url)).toEqual(server);
});

test("an address without a scheme is refused with the one to write", () => {
  expect(urlProblem("localhost:5672", false)).toBe("has no scheme; write amqp://localhost:5672");
  expect(urlProblem("broker.example:5671", false)).toBe("has no scheme; write amqps://broker.example:5671");
  expect(urlProblem("amqp://broker.localhost", false)).toBeUndefined();
});

test.each([
  ["amqps://u:p@broker.example/orders%2Feu?x=y", { host: "broker.example:5671", virtualHost: "orders/eu" }],
  ["amqp://u:p@[::1]:5673/", { host: "[::1]:5673", virtualHost: "/" }],
  ["amqp://localhost", { host: "localhost:5672", virtualHost: "/" }],
])("the place of %s, without its user and password", (url, place) => {
  expect(placeAt(url)).toEqual(place);
});

test("the server of a client is read once for each of its addresses", () => {
  const client = { url: "amqp://one.example" };
  const server = serverOf(client);
  const one = server();
  expect([one, server()]).toEqual([{ address: "one.example", port: 5672 }, one]);
  expect(server()).toBe(one);
  client.url = "amqps://two.example";
  expect(server()).toEqual({ address: "two.example", port: 5671 });
});
