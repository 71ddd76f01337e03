import { connect } from "@switchyard/core";
import { billing } from "./billing.ts";
import { orders } from "./channels.ts";
import { healthServer } from "./health.ts";

const messaging = await connect({ channels: [orders], service: "{{name}}" });
messaging.consume(billing({ charge: (orderId, cents) => console.log(`${orderId}: ${cents} cents charged`) }));

const health = healthServer(messaging).listen(Number(process.env["PORT"] ?? 8080));
// In memory nobody else can publish: say something, so that there is something to see.
const { transport } = messaging.explain().channels["orders"]!;
if (transport === "memory") await messaging.publish(orders, "order.placed", { orderId: "o-1", cents: 500 });

await messaging.run(); // until SIGTERM or SIGINT
health.close();
