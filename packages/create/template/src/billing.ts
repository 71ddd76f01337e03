import { consumer } from "@switchyard/core";
import { orders } from "./channels.ts";

/** What the handler needs of the outside world, so that a test can give its own. */
export interface Bank {
  charge(orderId: string, cents: number): Promise<void> | void;
}

/** A handler that returns acknowledges its message. One that throws is tried again, and at last its message is a dead letter. */
export const billing = (bank: Bank) =>
  consumer(orders, "billing", {
    "order.placed": async ({ orderId, cents }) => {
      await bank.charge(orderId, cents);
    },
  });
