// @switchyard/aws: index.d.ts

// adapter.d.ts
import type { Adapter } from "@switchyard/core/driver";
import { type KinesisKeeps } from "@switchyard/kinesis";
import { type SnsKeeps } from "@switchyard/sns";
import { type SqsKeeps } from "@switchyard/sqs";
import { type AwsOptions } from "./options.ts";
export type AwsKeeps = {
    queue: SqsKeeps["queue"];
    pubsub: SnsKeeps["pubsub"];
    stream: KinesisKeeps["stream"];
};
export declare const adapter: Adapter<AwsOptions, AwsKeeps>;

// index.d.ts
import { adapter, type AwsKeeps } from "./adapter.ts";
import type { AwsOptions } from "./options.ts";
export { adapter, type AwsKeeps };
export type { AwsOptions } from "./options.ts";
export declare function aws(options?: AwsOptions): {
    readonly use: typeof adapter;
} & AwsOptions;

// options.d.ts
import type { Adapter } from "@switchyard/core/driver";
import { type KinesisOptions } from "@switchyard/kinesis";
import { type SnsOptions } from "@switchyard/sns";
export type AwsOptions = SnsOptions & {
    readonly kinesis?: KinesisOptions;
};
export declare function queueOptions({ kinesis: _, ...rest }: AwsOptions): SnsOptions;
export declare function streamOptions(options: AwsOptions): KinesisOptions;
export declare const awsOptions: Adapter<AwsOptions>["options"];
