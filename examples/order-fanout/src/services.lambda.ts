/** The same services as a function on AWS Lambda: map the queue of each group to it, and give it config/lambda.yaml. */
import { adapter } from "@switchyard/aws";
import { lambda, type LambdaHandler } from "@switchyard/lambda";
import { Books } from "./books.ts";
import { orders } from "./channels.ts";
import { services } from "./services.ts";

/** `config`: the path of its file. */
export const functionOf = (books: Books, config: string): LambdaHandler =>
  lambda({
    channels: [orders],
    service: "shop",
    consumers: [services.billing(books), services.shipping(books), services.analytics(books)],
    adapters: [adapter],
    config,
  });

export const handler = functionOf(new Books(), "config/lambda.yaml");
