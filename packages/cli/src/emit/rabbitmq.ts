/** RabbitMQ's resources as definitions, which `rabbitmqctl import_definitions` and the management API take. */
import type { Resource } from "@switchyard/core/driver";

/** RabbitMQ definitions, without users, rights and policies. */
export interface RabbitDefinitions {
  readonly exchanges: readonly object[];
  readonly queues: readonly object[];
  readonly bindings: readonly object[];
}

/** Returns definitions that make these resources in a virtual host, which must exist. What is there already stays. */
export function rabbitDefinitions(resources: readonly Resource[], vhost = "/"): RabbitDefinitions {
  const of = (type: string) =>
    resources.filter((resource) => resource.type === type).map(({ properties }) => ({ vhost, ...properties }));
  return { exchanges: of("rabbitmq:exchange"), queues: of("rabbitmq:queue"), bindings: of("rabbitmq:binding") };
}
