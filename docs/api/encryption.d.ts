// @switchyard/encryption: index.d.ts

// extension.d.ts
import type { KeysExtension } from "@switchyard/core/pipeline";
import { type KeysOptions } from "./options.ts";
export declare const extension: KeysExtension<KeysOptions>;

// index.d.ts
export { extension } from "./extension.ts";
export type { KeysOptions, KmsClientLike } from "./options.ts";
export { encryptionWith, type OwnKeys } from "./own-keys.ts";
export type { GeneratedKey, KeyProvider, Reuse, Scope } from "./provider.ts";

// options.d.ts
import { type KeyObject } from "node:crypto";
import type { ClientLike } from "@switchyard/aws-kit";
import * as z from "zod";
import type { Reuse } from "./provider.ts";
export type KmsClientLike = ClientLike;
export declare const keysOptions: z.ZodPipe<z.ZodObject<{
    use: z.ZodEnum<{
        ephemeral: "ephemeral";
        kms: "kms";
        local: "local";
    }>;
    keys: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodString>>;
    write: z.ZodOptional<z.ZodString>;
    read: z.ZodOptional<z.ZodArray<z.ZodString>>;
    wait: z.ZodOptional<z.ZodPipe<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>, z.ZodTransform<number, string | number>>>;
    reuse: z.ZodOptional<z.ZodPipe<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>, z.ZodTransform<number, string | number>>>;
    region: z.ZodOptional<z.ZodString>;
    endpoint: z.ZodOptional<z.ZodString>;
    profile: z.ZodOptional<z.ZodString>;
    allowInsecure: z.ZodOptional<z.ZodBoolean>;
    client: z.ZodOptional<z.ZodCustom<ClientLike, ClientLike>>;
}, z.core.$strict>, z.ZodTransform<(Common & KmsOptions) | (Common & LocalOptions) | (Common & {
    readonly use: "ephemeral";
}), {
    use: "ephemeral" | "kms" | "local";
    keys?: Record<string, string> | undefined;
    write?: string | undefined;
    read?: string[] | undefined;
    wait?: number | undefined;
    reuse?: number | undefined;
    region?: string | undefined;
    endpoint?: string | undefined;
    profile?: string | undefined;
    allowInsecure?: boolean | undefined;
    client?: ClientLike | undefined;
}>>;
interface Common {
    readonly waitMs: number;
    readonly reuse: Reuse;
}
interface LocalOptions {
    readonly use: "local";
    readonly keys: ReadonlyMap<string, KeyObject>;
    readonly write: string;
    readonly read: readonly string[];
}
export interface KmsOptions {
    readonly use: "kms";
    readonly write: string;
    readonly read: readonly string[];
    readonly region?: string | undefined;
    readonly endpoint?: string | undefined;
    readonly profile?: string | undefined;
    readonly allowInsecure?: boolean | undefined;
    readonly client?: KmsClientLike | undefined;
}
export type KeysOptions = Common & ({
    readonly use: "ephemeral";
} | LocalOptions | KmsOptions);
export {};

// own-keys.d.ts
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ExtensionContext, KeysExtension } from "@switchyard/core/pipeline";
import type { KeyProvider, Reuse } from "./provider.ts";
export interface OwnKeys<O> {
    readonly name: string;
    readonly options: StandardSchemaV1<unknown, O>;
    open(options: O, context: ExtensionContext): KeyProvider | Promise<KeyProvider>;
    readonly reuse?: Partial<Reuse>;
    readonly waitMs?: number;
}
export declare function encryptionWith<O>({ name, options, open, reuse, waitMs, }: OwnKeys<O>): KeysExtension<O>;

// provider.d.ts
export interface Scope {
    readonly context: string;
    readonly type?: string | undefined;
}
export interface GeneratedKey {
    readonly plain: Uint8Array;
    readonly wrapped: Uint8Array;
    readonly kid: string;
}
export interface KeyProvider {
    readonly summary: string;
    readonly perType: boolean;
    keyOf(kid: string): string | undefined;
    generate(scope: Scope, signal: AbortSignal): GeneratedKey | Promise<GeneratedKey>;
    unwrap(wrapped: Uint8Array, key: string, scope: Scope, signal: AbortSignal): Uint8Array | Promise<Uint8Array>;
    close?(): Promise<void>;
}
export interface Reuse {
    readonly messages: number;
    readonly bytes: number;
    readonly ageMs: number;
}
export type Alg = "A256KW" | "dir";
export interface OpenedProvider {
    readonly provider: KeyProvider;
    readonly alg: Alg;
    readonly reuse: Reuse;
    readonly waitMs: number;
}
