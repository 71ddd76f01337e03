/** Hand-written codecs and a patched client for the AWS SDK; see README.md. Loaded only where `fast` is not off. */
export type { BodyCodec, BodyCodecs } from "./body-codecs.ts";
export { jsonCodec, jsonReader } from "./json-codec.ts";
export { type LeanClient, leanClient } from "./lean-client.ts";
export { flag, listOf, mapOf, members, type Shape, text, whole } from "./shape.ts";
