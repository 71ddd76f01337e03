import type { Adapter } from "@switchyard/core/driver";
import { adapter as kinesis, type KinesisOptions } from "@switchyard/kinesis";
import { adapter as sns, type SnsOptions } from "@switchyard/sns";

/**
 * Region, endpoint, profile and accounts are the same for every service. The options under `kinesis` are for streams: how they are
 * read, where their leases are kept, and an endpoint or a client of their own.
 */
export type AwsOptions = SnsOptions & { readonly kinesis?: KinesisOptions };

/** The options that streams share with the rest. A client belongs to one service. */
const SHARED = ["region", "endpoint", "profile", "allowInsecure", "fast"] as const;

export function queueOptions({ kinesis: _, ...rest }: AwsOptions): SnsOptions {
  return rest;
}

export function streamOptions(options: AwsOptions): KinesisOptions {
  const own = options.kinesis ?? {};
  const shared = own.client === undefined ? SHARED.filter((key) => options[key] !== undefined) : [];
  return { ...Object.fromEntries(shared.map((key) => [key, options[key]])), ...own };
}

type Result<T> = { readonly value: T; readonly issues?: undefined } | { readonly issues: readonly Issue[] };
interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Each part is checked by the adapter it is for. */
export const awsOptions: Adapter<AwsOptions>["options"] = {
  "~standard": {
    version: 1,
    vendor: "switchyard",
    validate: (value: unknown) => {
      const given = typeof value === "object" && value !== null ? (value as AwsOptions) : undefined;
      const queues = sns.options["~standard"].validate(given === undefined ? value : queueOptions(given));
      const streams = kinesis.options["~standard"].validate(given?.kinesis ?? {});
      const named = given?.kinesis !== undefined;
      if (!(queues instanceof Promise) && !(streams instanceof Promise)) return joined(queues, streams, named);
      return Promise.all([queues, streams]).then(([one, other]) => joined(one, other, named));
    },
  },
};

function joined(queues: Result<SnsOptions>, streams: Result<KinesisOptions>, named: boolean): Result<AwsOptions> {
  if (queues.issues === undefined && streams.issues === undefined)
    return { value: { ...queues.value, ...(named ? { kinesis: streams.value } : {}) } };
  const inside = (streams.issues ?? []).map((issue) => ({ ...issue, path: ["kinesis", ...(issue.path ?? [])] }));
  return { issues: [...(queues.issues ?? []), ...inside] };
}
