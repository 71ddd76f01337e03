/** The page on moving from NestJS: what stands there before and after handles the same message from the same RabbitMQ. */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "amqplib";
import { build } from "esbuild";
import { afterAll, expect, test } from "vitest";
import { blocksOf } from "../scripts/document-blocks.ts";
import { sharedRabbit } from "./support/rabbit-host.ts";
import { skipped } from "./support/rabbit.ts";
import { root } from "./support/workspace.ts";

const folder = join(import.meta.dirname, ".tmp", `nestjs-${process.pid}`);
mkdirSync(folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const page = readFileSync(join(root, "docs/moving/nestjs.md"), "utf8");
/** The blocks of Nest are `mts`, which the other checks leave alone: decorators are no types to be stripped. */
for (const [, name, text] of page.matchAll(/```mts (\S+)\n([^]*?)```/g))
  writeFileSync(join(folder, name as string), text as string);
for (const { name, text } of blocksOf(page)) if (name !== undefined) writeFileSync(join(folder, name), text);

const BANK = `export class Bank {
  async charge(orderId: string) { console.log(orderId + " charged"); }
}
`;
const MODULE = `import "reflect-metadata";
import { Module } from "@nestjs/common";
import { Bank } from "./bank.ts";
import { BillingController } from "./billing.controller.ts";
@Module({ controllers: [BillingController], providers: [Bank] })
export class AppModule {}
`;
/** As Nest starts and stops a provider. */
const HOST = `import { BillingService } from "./billing.service.ts";
const service = new BillingService({ charge: async (orderId) => void console.log(orderId + " charged") });
await service.onApplicationBootstrap();
process.once("SIGTERM", () => void service.onModuleDestroy());
`;

/** Starts a program, gives it a message once `ready`, and stops it when it has printed what it handled. */
async function handles(file: string, env: Record<string, string>, publish: () => Promise<void>): Promise<string> {
  const child = spawn(process.execPath, ["--conditions=@switchyard/source", file], {
    cwd: folder,
    env: { ...process.env, ...env },
  });
  let output = "";
  const done = new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes("charged")) resolve();
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${output}`)));
  });
  try {
    await publish();
    await done;
    return output
      .split("\n")
      .filter((line) => line.includes("charged"))
      .join("\n");
  } finally {
    child.kill();
  }
}

test.skipIf(skipped)("before: Nest's own controller handles it, unless SWITCHYARD_SKIP says rabbit", async () => {
  const { url } = await sharedRabbit();
  writeFileSync(join(folder, "bank.ts"), BANK);
  writeFileSync(join(folder, "app.module.ts"), MODULE);
  const outfile = join(folder, "before.mjs");
  await build({
    entryPoints: [join(folder, "main.ts")],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
  });
  const connection = await connect(url);
  const channel = await connection.createChannel();
  // As Nest declares it.
  await channel.deleteQueue("orders");
  await channel.assertQueue("orders", { durable: true });
  const publish = async () => {
    channel.sendToQueue("orders", Buffer.from(JSON.stringify({ pattern: "placed", data: { orderId: "o-1" } })));
  };
  try {
    expect(await handles(outfile, { AMQP_URL: url }, publish)).toBe("o-1 charged");
  } finally {
    await channel.deleteQueue("orders");
    await connection.close();
  }
});

test.skipIf(skipped)("after: the provider handles it, unless SWITCHYARD_SKIP says rabbit", async () => {
  const { url } = await sharedRabbit();
  writeFileSync(join(folder, "host.ts"), HOST);
  const prefix = `nest${process.pid}`;
  const config = readFileSync(join(folder, "switchyard.config.yaml"), "utf8");
  writeFileSync(join(folder, "switchyard.config.yaml"), config.replace("prefix: shop", `prefix: ${prefix}`));
  const env = { AMQP_URL: url, SWITCHYARD_PROFILE: "production", SWITCHYARD__CONNECTIONS__RABBIT__PROVISION: "auto" };
  const { connect: open } = await import("@switchyard/core");
  const { orders } = (await import(join(folder, "billing.ts"))) as { orders: never };
  const messaging = await open({ channels: [orders], service: "shop", env, cwd: folder });
  const publish = async () => void (await messaging.publish(orders, "placed" as never, { orderId: "o-1" } as never));
  try {
    expect(await handles(join(folder, "host.ts"), env, publish)).toBe("o-1 charged");
  } finally {
    await messaging.stop();
  }
});
