import { connect, type ConnectOptions } from "@switchyard/core";
import type { Bank } from "./bank.ts";
import { billing } from "./billing.ts";
import { orders } from "./channels.ts";

/** The service of the vision; what a test may say differently comes in. */
export async function service(
  bank: Bank,
  options: Partial<Omit<ConnectOptions, "channels">> & { readonly signal?: AbortSignal } = {},
) {
  const { signal, ...rest } = options;
  const messaging = await connect({ channels: [orders], service: "billing", ...rest }); // switchyard.config.* + profile + environment
  messaging.consume(billing(bank));
  return { messaging, run: () => messaging.run(signal === undefined ? {} : { signal }) }; // until SIGTERM, then drains
}
