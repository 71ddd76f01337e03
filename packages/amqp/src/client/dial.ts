import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import type { Runtime } from "@switchyard/core/driver";
import { isLoopback } from "@switchyard/core/driver-kit";
import { type Address, askAgain, saysTooLittle } from "./ask-again.ts";
import type { AmqpConnect, AmqpModel, Amqplib } from "../sdk.ts";
import type { FastPaths } from "../fast-paths.ts";
import type { ResolvedOptions } from "../options.ts";
import { loadAmqplib } from "../sdk.ts";

/** Opens one connection to one address. */
export type Dial = (url: string, name: string) => Promise<AmqpModel>;

/** Turns Nagle's algorithm off: from publish to delivery it took 44 ms with it, and 1 ms without. */
const SOCKET = { noDelay: true, keepAlive: true, keepAliveDelay: 30_000 };

export async function dialer(options: ResolvedOptions, runtime: Runtime, fast: FastPaths | undefined): Promise<Dial> {
  let library: Amqplib | undefined;
  let connect: AmqpConnect;
  if (options.connect === undefined) {
    library = await loadAmqplib();
    connect = library.connect;
  } else connect = options.connect;
  const { tls } = options;
  const files =
    tls === undefined
      ? {}
      : { ca: await pem(tls.ca), cert: await pem(tls.cert), key: await pem(tls.key), passphrase: tls.passphrase };
  const external = tls?.external === true ? (library ?? (await loadAmqplib())).credentials!.external() : undefined;
  const servername = tls?.servername === undefined ? {} : { servername: tls.servername };
  return async (url, name) => {
    const address = new URL(url);
    address.searchParams.set("heartbeat", String(Math.max(1, Math.round(options.heartbeat / 1_000))));
    const secure = address.protocol === "amqps:" ? { ...verified(address), ...defined(files), ...servername } : {};
    const credentials = external ?? credentialsOf(address);
    let model: AmqpModel;
    try {
      model = await connect(address.href, {
        ...SOCKET,
        ...secure,
        ...(credentials === undefined ? {} : { credentials }),
        timeout: options.connectTimeout,
        clientProperties: { connection_name: name },
      });
    } catch (error) {
      // A user's function that replaces amqplib's `connect` may have connected to somewhere else.
      if (options.connect !== undefined || !saysTooLittle(error)) throw error;
      const login = (credentials ?? plain("guest", "guest")) as Credentials;
      throw (await askAgain(addressOf(address, login, secure), ASK_MS, runtime)) ?? error;
    }
    fast?.gatherWrites(model);
    return model;
  };
}

/** How long a broker may take to repeat why it refused. */
const ASK_MS = 3_000;

interface Credentials {
  readonly mechanism: string;
  response(): Buffer;
}

/** Login with the user and password as UTF-8, as RabbitMQ has them. amqplib reads the escapes of an address as Latin-1. */
function credentialsOf({ username, password }: URL): Credentials | undefined {
  if (username === "" && password === "") return undefined;
  return plain(decodeURIComponent(username), decodeURIComponent(password));
}

const plain = (username: string, password: string): Credentials & Record<string, unknown> => ({
  mechanism: "PLAIN",
  response: () => Buffer.from(["", username, password].join("\0")),
  username,
  password,
});

function addressOf(url: URL, login: Credentials, tls: Readonly<Record<string, unknown>>): Address {
  const secure = url.protocol === "amqps:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const vhost = decodeURIComponent(url.pathname.slice(1));
  return {
    secure,
    host,
    port: url.port === "" ? (secure ? 5671 : 5672) : Number(url.port),
    vhost: vhost === "" ? "/" : vhost,
    mechanism: login.mechanism,
    response: Buffer.from(login.response()),
    tls: isIP(host) === 0 ? { servername: host, ...tls } : tls,
  };
}

/**
 * TLS 1.2 at least, whatever `--tls-min-v1.0` says. The certificate of another machine is always verified: `NODE_TLS_REJECT_UNAUTHORIZED=0`, which
 * is meant for the whole process, counts on this machine only.
 */
const verified = ({ hostname }: URL): Readonly<Record<string, unknown>> => ({
  minVersion: "TLSv1.2",
  ...(!isLoopback(hostname) && { rejectUnauthorized: true }),
});

const defined = (all: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));

async function pem(given: string | undefined): Promise<string | undefined> {
  return given === undefined || given.includes("-----BEGIN") ? given : readFile(given, "utf8");
}
