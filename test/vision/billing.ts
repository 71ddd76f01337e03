// An inert value; dependencies are arguments (Nest: a factory provider; Fastify: a decorator).
import { consumer, DeadLetter, Retry } from "@switchyard/core";
import { type Bank, BankClosed, CardDeclined } from "./bank.ts";
import { orders } from "./channels.ts";

export const billing = (bank: Bank) =>
  consumer(orders, "billing", {
    "order.placed": async (order, delivery) => {
      try {
        await bank.charge(order.customerId, order.cents, { key: delivery.id, signal: delivery.signal });
      } catch (error) {
        if (error instanceof CardDeclined) throw new DeadLetter("card declined", { cause: error });
        if (error instanceof BankClosed) throw new Retry({ delay: "1h", cause: error });
        throw error; // the policy decides
      }
    },
    "order.cancelled": (order) => bank.refund(order.orderId),
  });
