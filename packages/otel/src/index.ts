/**
 * OpenTelemetry for Switchyard: `connect({ telemetry: otel() })`.
 *
 * One trace shows the publisher, the call of the broker, the handler and its settlement; links lead to retries, dead letters and what was
 * redriven. Names follow OpenTelemetry's messaging conventions, see {@link CONVENTIONS}.
 */
export { otel } from "./otel.ts";
export type { OtelOptions } from "./options.ts";
export type { BacklogOptions } from "./backlog.ts";
export type { Logger, LoggerProvider } from "./logs.ts";
export { CONVENTIONAL, CONVENTIONAL_METRICS, CONVENTIONS, OWN, OWN_METRICS, PROCESS_EXCEPTION } from "./names.ts";
