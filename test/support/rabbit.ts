/**
 * RabbitMQ for tests, the contract suite and the demo: `AMQP_URL`; else a private node of an installed rabbitmq-server; else
 * one that apt-get installs (root only); else a container; else a reason, and how to skip it. All of it on 127.0.0.1.
 */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { installDebian, skips } from "./debian.ts";

export interface Rabbit {
  readonly url: string;
  /** What it is, for people. */
  readonly what: string;
  /** False: a broker of others, whose node is not ours to stop. */
  readonly own: boolean;
  /** `rabbitmqctl` on a node of our own. */
  ctl(...args: readonly string[]): Promise<string>;
  /** Ends the node's process and starts it again, with its data and at the same address. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Set to `rabbit` (or a list with it) to do without. */
export const skipped = skips("rabbit");

const HOW_TO_SKIP = "set AMQP_URL to a broker, install rabbitmq-server, or set SWITCHYARD_SKIP=rabbit to do without";
/** Debian's, Homebrew's and generic builds' places; the wrappers in /usr/sbin drop the environment. */
const PLACES = [
  "/usr/lib/rabbitmq/bin",
  "/opt/homebrew/opt/rabbitmq/sbin",
  "/usr/local/opt/rabbitmq/sbin",
  "/opt/rabbitmq/sbin",
];

/** A broker, whichever way there is. Rejects with what was tried. */
export async function startRabbit(): Promise<Rabbit> {
  const given = process.env["AMQP_URL"];
  if (given !== undefined && given !== "") return outside(given);
  return startNode();
}

function outside(url: string): Rabbit {
  return {
    url,
    what: "the RabbitMQ of AMQP_URL",
    own: false,
    ctl: async () => {
      throw new Error("the broker of AMQP_URL is not ours to control");
    },
    restart: async () => {
      throw new Error("the broker of AMQP_URL is not ours to restart");
    },
    close: async () => {},
  };
}

/** A node of our own, never the one of AMQP_URL: for tests that stop it. Switchyard itself needs no plugins. */
export async function startNode(plugins: readonly string[] = []): Promise<Rabbit> {
  const installed = await serverBin();
  if (installed !== undefined) return privateNode(installed, plugins);
  const container = await startContainer(plugins);
  if (container !== undefined) return container;
  throw new Error(`no RabbitMQ can be started here: ${HOW_TO_SKIP}`);
}

async function serverBin(): Promise<string | undefined> {
  const places = [process.env["RABBITMQ_BIN"] ?? "", ...PLACES];
  const find = () => places.find((place) => place !== "" && existsSync(join(place, "rabbitmq-server")));
  const found = find();
  if (found !== undefined) return found;
  // The package starts a node of its own; one that is there already is left alone, and so is this one where policy forbids none.
  return (await installDebian("rabbitmq-server", { RUNLEVEL: "1" })) ? find() : undefined;
}

interface Ran {
  readonly code: number | null;
  readonly output: string;
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (data) => (output += String(data)));
    child.stderr.on("data", (data) => (output += String(data)));
    child.on("error", (error) => resolve({ code: -1, output: error.message }));
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** A node needs several, and none twice. */
const chosen = new Set<number>();

/**
 * Below the range from which Linux takes the ports of outgoing connections [ip(7), ip_local_port_range]: a node takes seconds until it
 * listens, and another connection would have the port by then.
 */
async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(10_000, 32_000);
    if (chosen.has(port)) continue;
    chosen.add(port);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) =>
      server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true)),
    );
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
  throw new Error("no port between 10,000 and 32,000 is free");
}

async function privateNode(bin: string, plugins: readonly string[]): Promise<Rabbit> {
  const home = await mkdtemp(join(tmpdir(), "switchyard-rabbit-"));
  const [port, dist, epmd] = [await freePort(), await freePort(), await freePort()];
  const config = join(home, "rabbitmq.conf");
  await writeFile(config, "disk_free_limit.absolute = 20MB\nlog.file.level = warning\nheartbeat = 10\n");
  await writeFile(join(home, "enabled_plugins"), `[${plugins.join(",")}].\n`);
  const loopback = "-kernel inet_dist_use_interface {127,0,0,1}";
  // Erlang's schedulers spin before they sleep: with more to do than processors they starve everything else, and themselves most of all.
  const sleepAtOnce = "+sbwt none +sbwtdcpu none +sbwtdio none";
  const env: NodeJS.ProcessEnv = {
    PATH: process.env["PATH"],
    LANG: "C.UTF-8",
    HOME: home,
    ERL_EPMD_PORT: String(epmd),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    RABBITMQ_NODENAME: `switchyard${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(dist),
    RABBITMQ_MNESIA_BASE: join(home, "data"),
    RABBITMQ_LOG_BASE: join(home, "log"),
    RABBITMQ_PID_FILE: join(home, "pid"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(home, "enabled_plugins"),
    RABBITMQ_CONFIG_FILE: config,
    RABBITMQ_CONF_ENV_FILE: join(home, "none.conf"),
    // Else a shell stands between us and the node, and a kill reaches the shell.
    RUNNING_UNDER_SYSTEMD: "true",
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `${loopback} ${sleepAtOnce}`,
    RABBITMQ_CTL_ERL_ARGS: `${loopback} ${sleepAtOnce} +S 1:1`,
  };
  let said = "";
  const keep = (data: unknown) => (said = (said + String(data)).slice(-4_000));
  const started = () => {
    const server = spawn(join(bin, "rabbitmq-server"), [], { env, cwd: home, stdio: ["ignore", "pipe", "pipe"] });
    server.stdout.on("data", keep);
    server.stderr.on("data", keep);
    const ended = new Promise<void>((resolve) => server.once("close", () => resolve()));
    return { server, ended };
  };
  let node = started();
  const ctl = async (...args: readonly string[]): Promise<string> => {
    const { code, output } = await run(join(bin, "rabbitmqctl"), args, env);
    if (code !== 0) throw new Error(`rabbitmqctl ${args[0]} failed (${code}): ${output.slice(-2_000)}`);
    return output;
  };
  const stop = async () => {
    const { server, ended } = node;
    if (server.exitCode === null) await run(join(bin, "rabbitmqctl"), ["stop"], env);
    await Promise.race([ended, sleep(15_000, undefined, { ref: false })]);
    if (server.exitCode === null) server.kill("SIGKILL");
    await ended;
  };
  const up = () => listening(port, () => node.server.exitCode !== null);
  const close = async () => {
    // Its data go too, so that nothing is worth an orderly end. The node before its epmd: an epmd that is gone makes the node start another.
    node.server.kill("SIGKILL");
    await node.ended;
    await run("epmd", ["-port", String(epmd), "-kill"], env);
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await up();
  } catch (cause) {
    await close();
    throw new Error(`the RabbitMQ of ${bin} did not start: ${said}\n${HOW_TO_SKIP}`, { cause });
  }
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    what: `a private RabbitMQ node at 127.0.0.1:${port}`,
    own: true,
    ctl,
    restart: async () => {
      await stop();
      node = started();
      await up();
    },
    close,
  };
}

/** The broker answers the protocol header: listening alone is too early in a container. */
async function listening(port: number, over: () => boolean): Promise<void> {
  const { connect } = await import("amqplib");
  let last: unknown;
  for (const until = performance.now() + 150_000; performance.now() < until; ) {
    if (over()) break;
    try {
      const model = await connect(`amqp://guest:guest@127.0.0.1:${port}`, { timeout: 2_000 });
      model.on("error", () => {});
      return await model.close();
    } catch (error) {
      last = error;
    }
    await sleep(200);
  }
  throw last ?? new Error("the process ended");
}

async function startContainer(plugins: readonly string[]): Promise<Rabbit | undefined> {
  if ((await run("docker", ["info"])).code !== 0) return undefined;
  const port = await freePort();
  const started = await run("docker", ["run", "-d", "--rm", "-p", `127.0.0.1:${port}:5672`, "rabbitmq:4"]);
  if (started.code !== 0) return undefined;
  const id = started.output.trim().split("\n").at(-1)!;
  const exec = async (...args: readonly string[]): Promise<string> => {
    const { code, output } = await run("docker", ["exec", id, ...args]);
    if (code !== 0) throw new Error(`${args.join(" ")} failed: ${output.slice(-2_000)}`);
    return output;
  };
  const close = async () => void (await run("docker", ["rm", "-f", id]));
  try {
    await listening(port, () => false);
    if (plugins.length > 0) await exec("rabbitmq-plugins", "enable", ...plugins);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    what: `RabbitMQ in a container at 127.0.0.1:${port}`,
    own: true,
    ctl: (...args) => exec("rabbitmqctl", ...args),
    restart: async () => {
      await run("docker", ["restart", id]);
      await listening(port, () => false);
    },
    close,
  };
}
