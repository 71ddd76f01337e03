/** Three services that know the channel and not each other. Each is a group; which of them run is configuration. */
import { batchConsumer, consumer } from "@switchyard/core";
import type { Books } from "./books.ts";
import { orders } from "./channels.ts";

/** Delivery is at least once: each service goes by `delivery.id`. */
const billing = (books: Books) =>
  consumer(orders, "billing", {
    "order.placed": ({ orderId, customerId }, { id }) => books.note("billing", id, customerId, `charge ${orderId}`),
    "order.cancelled": ({ orderId, customerId }, { id }) => books.note("billing", id, customerId, `refund ${orderId}`),
  });

const shipping = (books: Books) =>
  consumer(orders, "shipping", {
    "order.placed": ({ orderId, customerId }, { id }) => books.note("shipping", id, customerId, `ship ${orderId}`),
    "order.cancelled": ({ orderId, customerId }, { id }) => books.note("shipping", id, customerId, `recall ${orderId}`),
  });

const analytics = (books: Books) =>
  batchConsumer(orders, "analytics", (batch) => {
    for (const { id, type, data } of batch) books.note("analytics", id, data.customerId, `${type} ${data.orderId}`);
  });

/** By group. */
export const services = { billing, shipping, analytics };
