// @switchyard/claim-check: index.d.ts
// @switchyard/claim-check/testing: testing/index.d.ts

// extension.d.ts
import type { ClaimCheckExtension } from "@switchyard/core/pipeline";
import { type ClaimCheckOptions } from "./options.ts";
export declare const extension: ClaimCheckExtension<ClaimCheckOptions>;

// index.d.ts
export { extension } from "./extension.ts";
export type { ClaimCheckOptions, S3ClientLike } from "./options.ts";

// options.d.ts
import type { ClientLike } from "@switchyard/aws-kit";
import * as z from "zod";
export type S3ClientLike = ClientLike;
export declare const claimCheckOptions: z.ZodPipe<z.ZodObject<{
    store: z.ZodEnum<{
        folder: "folder";
        memory: "memory";
        s3: "s3";
    }>;
    bucket: z.ZodOptional<z.ZodString>;
    prefix: z.ZodOptional<z.ZodString>;
    owner: z.ZodOptional<z.ZodString>;
    read: z.ZodOptional<z.ZodArray<z.ZodObject<{
        bucket: z.ZodString;
        prefix: z.ZodOptional<z.ZodString>;
        owner: z.ZodOptional<z.ZodString>;
    }, z.core.$strict>>>;
    interop: z.ZodOptional<z.ZodEnum<{
        legacy: "legacy";
        new: "new";
    }>>;
    wait: z.ZodOptional<z.ZodPipe<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>, z.ZodTransform<number, string | number>>>;
    keep: z.ZodOptional<z.ZodPipe<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>, z.ZodTransform<number, string | number>>>;
    folder: z.ZodOptional<z.ZodString>;
    region: z.ZodOptional<z.ZodString>;
    endpoint: z.ZodOptional<z.ZodString>;
    profile: z.ZodOptional<z.ZodString>;
    pathStyle: z.ZodOptional<z.ZodBoolean>;
    allowInsecure: z.ZodOptional<z.ZodBoolean>;
    client: z.ZodOptional<z.ZodCustom<ClientLike, ClientLike>>;
}, z.core.$strict>, z.ZodTransform<{
    store: "folder" | "memory" | "s3";
    owner?: string | undefined;
    keep?: number | undefined;
    folder?: string | undefined;
    region?: string | undefined;
    endpoint?: string | undefined;
    profile?: string | undefined;
    pathStyle?: boolean | undefined;
    allowInsecure?: boolean | undefined;
    client?: ClientLike | undefined;
    bucket: string;
    prefix: string;
    interop: "legacy" | "new";
    wait: number;
    read: {
        bucket: string;
        prefix?: string | undefined;
        owner?: string | undefined;
    }[];
}, {
    store: "folder" | "memory" | "s3";
    bucket?: string | undefined;
    prefix?: string | undefined;
    owner?: string | undefined;
    read?: {
        bucket: string;
        prefix?: string | undefined;
        owner?: string | undefined;
    }[] | undefined;
    interop?: "legacy" | "new" | undefined;
    wait?: number | undefined;
    keep?: number | undefined;
    folder?: string | undefined;
    region?: string | undefined;
    endpoint?: string | undefined;
    profile?: string | undefined;
    pathStyle?: boolean | undefined;
    allowInsecure?: boolean | undefined;
    client?: ClientLike | undefined;
}>>;
export type ClaimCheckOptions = z.output<typeof claimCheckOptions>;
export type S3Options = Pick<ClaimCheckOptions, "region" | "endpoint" | "profile" | "pathStyle" | "allowInsecure" | "client">;

// testing/index.d.ts
export declare function storedObjects(bucket?: string): Map<string, Uint8Array>;
