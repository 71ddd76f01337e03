/** SNS that does nothing but answer, in SNS's own query protocol: what is published is counted and forgotten. */
import { serve } from "./null-http.ts";

const ENTRY = /PublishBatchRequestEntries\.member\.\d+\.Id=([^&]*)/g;
let seq = 0;

const reply = (action: string, result: string): string =>
  `<${action}Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><${action}Result>${result}</${action}Result>` +
  `<ResponseMetadata><RequestId>null</RequestId></ResponseMetadata></${action}Response>`;

const message = (): string => `<MessageId>00000000-0000-4000-8000-${String(++seq).padStart(12, "0")}</MessageId>`;

/** A request is looked at, not parsed: a parser's time would be the null server's own. */
function publishBatch(body: string): string {
  const done = Array.from(body.matchAll(ENTRY), ([, id]) => `<member><Id>${id}</Id>${message()}</member>`);
  return `<Failed/><Successful>${done.join("")}</Successful>`;
}

function attributes(body: string): string {
  const arn = decodeURIComponent(/TopicArn=([^&]*)/.exec(body)?.[1] ?? "");
  return `<Attributes><entry><key>TopicArn</key><value>${arn}</value></entry></Attributes>`;
}

function answer(action: string, body: string): string {
  switch (action) {
    case "PublishBatch":
      return reply(action, publishBatch(body));
    case "Publish":
      return reply(action, message());
    case "GetTopicAttributes":
      return reply(action, attributes(body));
    default:
      return reply(action, "");
  }
}

serve({ contentType: "text/xml", answer });
