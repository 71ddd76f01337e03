/** What is put into Kinesis and got from it. Children of a shard that has ended are the SDK's to read. */
import { type Bodies, jsonAnswer, listOf, members, text, whole } from "@switchyard/aws-kit";
import { asBytes, type PutEntry } from "../client.ts";
import { recordOf } from "./get-records.ts";
import { putBody } from "./put-records.ts";

/** Of a record that was taken, or of one that was not. */
const taken = members({ SequenceNumber: text, ShardId: text });
const refused = members({ ErrorCode: text, ErrorMessage: text });
const put = members({
  FailedRecordCount: whole,
  EncryptionType: text,
  Records: listOf((record) => taken(record) || refused(record)),
});
const got = jsonAnswer(members({ NextShardIterator: text, MillisBehindLatest: whole, Records: Array.isArray }));

export const bodies: Bodies = {
  PutRecords: {
    write: (input, empty) => (empty === "{}" ? putBody(input) : undefined),
    forSdk: (input: { readonly Records: readonly PutEntry[] }) => ({ ...input, Records: input.Records.map(asBytes) }),
    read: jsonAnswer(put),
  },
  GetRecords: {
    read: (body) => {
      const said = got(body) as { Records?: unknown[] } | undefined;
      if (said?.Records === undefined) return said;
      // In their places: a list of their own would be as long again.
      const { Records } = said;
      for (let i = 0; i < Records.length; i++) if ((Records[i] = recordOf(Records[i])) === undefined) return undefined;
      return said;
    },
  },
};
