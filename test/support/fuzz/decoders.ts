/** Every reader of what others may have written. A new one is one entry in its package's `fixtures/decoders.ts`. */
import * as amqp from "../../../packages/amqp/src/fixtures/decoders.ts";
import * as claimCheck from "../../../packages/claim-check/src/fixtures/decoders.ts";
import { decoderOf, decoders as core, type MessageForm } from "../../../packages/core/src/fixtures/decoders.ts";
import * as encryption from "../../../packages/encryption/src/fixtures/decoders.ts";
import * as kinesis from "../../../packages/kinesis/src/fixtures/decoders.ts";
import * as leases from "../../../packages/leases/src/fixtures/decoders.ts";
import * as sns from "../../../packages/sns/src/fixtures/decoders.ts";
import * as sqs from "../../../packages/sqs/src/fixtures/decoders.ts";
import type { Decoder } from "./run.ts";

/** What brokers deliver: read by the driver, then by core. */
export const messageForms: readonly MessageForm[] = [
  ...sqs.messageForms,
  ...sns.messageForms,
  ...kinesis.messageForms,
  ...amqp.messageForms,
];

/** Of core, whatever the broker. */
export const coreDecoders: readonly Decoder[] = core;

/** Of the adapters and of the tables of leases. */
export const adapterDecoders: readonly Decoder[] = [
  ...messageForms.map(decoderOf),
  ...amqp.decoders,
  ...sns.decoders,
  ...kinesis.decoders,
  ...leases.decoders,
  ...claimCheck.decoders,
  ...encryption.decoders,
];

export const decoders: readonly Decoder[] = [...coreDecoders, ...adapterDecoders];
