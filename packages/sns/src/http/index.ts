/** HTTPS subscriptions: verifies the messages that SNS posts to your endpoint. Needs no AWS SDK. */
export type { FetchCertificate } from "./certificates.ts";
export { snsHandler, type SnsHandlerOptions, snsNodeHandler } from "./handler.ts";
export type { SnsConfirmation, SnsMessage, SnsNotification } from "./message.ts";
export { verifySnsMessage, type VerifyOptions } from "./verify.ts";
