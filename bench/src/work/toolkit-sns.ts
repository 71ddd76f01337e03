/** `@message-queue-toolkit/sns` as its README shows it. */
import type { SNSClient } from "@aws-sdk/client-sns";
import { AbstractSnsPublisher } from "@message-queue-toolkit/sns";
import { message } from "./messages.ts";
import { common, FIELDS, Job } from "./toolkit.ts";

class Publisher extends AbstractSnsPublisher<Job> {
  constructor(snsClient: SNSClient, topicArn: string) {
    super(
      { ...common, snsClient, stsClient: undefined } as any,
      {
        messageSchemas: [Job],
        messageTypeResolver: { messageTypePath: "messageType" },
        locatorConfig: { topicArn },
      } as any,
    );
  }
}

export async function snsPublisher(sns: SNSClient, topicArn: string): Promise<(index: number) => Promise<unknown>> {
  const made = new Publisher(sns, topicArn);
  await made.init();
  return (index) => made.publish({ ...message(index), ...FIELDS, id: String(index), messageType: "job" });
}
