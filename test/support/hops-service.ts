/** A consumer on SQS with delays by hops, as a process of its own. It is killed between the two halves of a hand-over: send and delete. */
import { SQSClient } from "@aws-sdk/client-sqs";
import { connect } from "@switchyard/core";
import { consumerOf, hopsConfig, reminders } from "./hops.ts";

// The emulator names its queues by a host that is not its own.
const client = new SQSClient({ maxAttempts: 1, useQueueUrlAsEndpoint: false });
const send = client.send.bind(client) as (...given: any[]) => Promise<unknown>;
const deadly = Object.assign(client, {
  send: async (...given: any[]) => {
    const reply = await send(...given);
    const [command] = given;
    if (command.constructor.name === "SendMessageBatchCommand") process.kill(process.pid, "SIGKILL");
    return reply;
  },
});

const messaging = await connect({
  channels: [reminders],
  service: "killed",
  config: hopsConfig(process.argv[2]!, { client: deadly }),
});
messaging.consume(consumerOf(() => {}));
await messaging.start();
