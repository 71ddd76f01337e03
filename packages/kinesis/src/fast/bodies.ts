/** PutRecords and the responses of PutRecords and GetRecords. The response at a shard's end, which names its children, is left to the SDK. */
import { type BodyCodecs, jsonReader, listOf, members, text, whole } from "@switchyard/aws-kit/fast";
import { asBytes, type PutEntry } from "../sdk.ts";
import { recordOf } from "./get-records.ts";
import { putBody } from "./put-records.ts";

/** The shapes of a stored record's result and of a failed one's. */
const taken = members({ SequenceNumber: text, ShardId: text });
const refused = members({ ErrorCode: text, ErrorMessage: text });
const put = members({
  FailedRecordCount: whole,
  EncryptionType: text,
  Records: listOf((record) => taken(record) || refused(record)),
});
const got = jsonReader(members({ NextShardIterator: text, MillisBehindLatest: whole, Records: Array.isArray }));

export const bodyCodecs: BodyCodecs = {
  PutRecords: {
    write: (input, empty) => (empty === "{}" ? putBody(input) : undefined),
    forSdk: (input: { readonly Records: readonly PutEntry[] }) => ({ ...input, Records: input.Records.map(asBytes) }),
    read: jsonReader(put),
  },
  GetRecords: {
    read: (body) => {
      const said = got(body) as { Records?: unknown[] } | undefined;
      if (said?.Records === undefined) return said;
      // Replaced in place, so that no second list is made.
      const { Records } = said;
      for (let i = 0; i < Records.length; i++) if ((Records[i] = recordOf(Records[i])) === undefined) return undefined;
      return said;
    },
  },
};
