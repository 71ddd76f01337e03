/** PublishBatch: the request as the form SNS takes, and the response in XML. Binary attributes and failed entries are left to the SDK. */
import { type BodyCodecs, listOf, mapOf, members, text } from "@switchyard/aws-kit/fast";
import type { Actions, PublishEntry } from "../sdk.ts";

type Input = Actions["PublishBatch"][0];

const input = members({
  TopicArn: text,
  PublishBatchRequestEntries: listOf(
    members({
      Id: text,
      Message: text,
      MessageAttributes: mapOf(members({ DataType: text, StringValue: text })),
      MessageDeduplicationId: text,
      MessageGroupId: text,
    }),
  ),
});

export const bodyCodecs: BodyCodecs = {
  PublishBatch: {
    write: (given: Input, empty) => {
      if (empty !== "Action=PublishBatch&Version=2010-03-31" || !input(given)) return undefined;
      let form = `${empty}&TopicArn=${encoded(given.TopicArn)}`;
      given.PublishBatchRequestEntries.forEach((entry, i) => {
        form += formOf(entry, `&PublishBatchRequestEntries.member.${i + 1}.`);
      });
      return form;
    },
    read,
  },
};

function formOf(entry: PublishEntry, at: string): string {
  const { Id, Message, MessageAttributes, MessageDeduplicationId, MessageGroupId } = entry;
  let form = `${at}Id=${encoded(Id)}${at}Message=${encoded(Message)}`;
  let count = 0;
  for (const name in MessageAttributes) {
    const { DataType, StringValue } = MessageAttributes[name]!;
    const each = `${at}MessageAttributes.entry.${++count}.`;
    form += `${each}Name=${encoded(name)}${each}Value.DataType=${encoded(DataType)}`;
    if (StringValue !== undefined) form += `${each}Value.StringValue=${encoded(StringValue)}`;
  }
  if (MessageDeduplicationId !== undefined) form += `${at}MessageDeduplicationId=${encoded(MessageDeduplicationId)}`;
  if (MessageGroupId !== undefined) form += `${at}MessageGroupId=${encoded(MessageGroupId)}`;
  return form;
}

const LEFT = /[!'()*]/;
const ALL_LEFT = /[!'()*]/g;

function encoded(value: string): string {
  const most = encodeURIComponent(value);
  return LEFT.test(most) ? most.replace(ALL_LEFT, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`) : most;
}

const ANSWER =
  /^(?:<\?xml[^<>]*\?>)?<PublishBatchResponse xmlns="[^"<>&]*"><PublishBatchResult>(.*)<\/PublishBatchResult><ResponseMetadata><RequestId>[\w-]*<\/RequestId><\/ResponseMetadata><\/PublishBatchResponse>$/s;
const NONE_FAILED = /^<Failed(?:\/>|><\/Failed>)|<Failed(?:\/>|><\/Failed>)$/;
const SUCCESSFUL = /^<Successful>(.*)<\/Successful>$/s;
const MEMBER = /<member>((?:<(?:Id|MessageId|SequenceNumber)>[\w-]+<\/\w+>)*)<\/member>/y;
const FIELD = /<(Id|MessageId|SequenceNumber)>([\w-]+)<\/\1>/y;

/** Takes only a response in which every entry succeeded, in the order of members SNS uses. Space between tags is allowed. */
function read(xml: string): object | undefined {
  const result = ANSWER.exec(xml.replace(/>\s+</g, "><").trim())?.[1];
  if (result === undefined) return undefined;
  const list = SUCCESSFUL.exec(result.replace(NONE_FAILED, ""))?.[1];
  if (list === undefined) return undefined;
  const Successful: object[] = [];
  for (let at = 0; at < list.length; at = MEMBER.lastIndex) {
    MEMBER.lastIndex = at;
    const one = fieldsOf(MEMBER.exec(list)?.[1]);
    if (one === undefined) return undefined;
    Successful.push(one);
  }
  return NONE_FAILED.test(result) ? { Successful, Failed: [] } : { Successful };
}

function fieldsOf(member: string | undefined): Record<string, string> | undefined {
  if (member === undefined || member === "") return undefined;
  const fields: Record<string, string> = {};
  for (let at = 0; at < member.length; at = FIELD.lastIndex) {
    FIELD.lastIndex = at;
    const [, name, value] = FIELD.exec(member) ?? [];
    if (name === undefined || name in fields) return undefined;
    fields[name] = value!;
  }
  return fields;
}
