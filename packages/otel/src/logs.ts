/**
 * The part of OpenTelemetry's API of logs that is used: of `@opentelemetry/api-logs` and, from 1.10, of `@opentelemetry/api`, whose 1.9
 * has no such types.
 */
import type { Attributes, Context } from "@opentelemetry/api";

/** Where log records go: a `LoggerProvider` of OpenTelemetry. */
export interface LoggerProvider {
  getLogger(name: string, version?: string, options?: { readonly schemaUrl?: string }): Logger;
}

/** Emits log records. */
export interface Logger {
  emit(record: {
    readonly eventName: string;
    readonly severityNumber: number;
    readonly severityText: string;
    readonly attributes: Attributes;
    readonly context: Context;
  }): void;
}

/** `SeverityNumber` of the API. */
export const SEVERITY_ERROR = 17;
