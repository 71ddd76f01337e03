/** The resources of a broker as deployment tools know them: what `apply` of the topology would make, told without asking the broker. */
import type { Destination } from "./destination.ts";

/** One resource that must exist. What others own (`address`) is not listed. */
export interface Resource {
  /** As CloudFormation names it, such as `AWS::SQS::Queue`; of RabbitMQ `rabbitmq:queue`, `rabbitmq:exchange` and `rabbitmq:binding`. */
  readonly type: string;
  /** The physical name. With the type it names the resource. */
  readonly name: string;
  /** On AWS, where it has one. Partition, region and account may be those of {@link HERE}. */
  readonly arn?: string;
  /** As the type's schema names and types them. Texts may hold the ARNs of other resources, and the parts of {@link HERE}. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** What destinations need. */
export interface ResourceList {
  readonly resources: readonly Resource[];
  /** Sentences: what cannot be told without asking the broker, or must be made by hand. */
  readonly notes: readonly string[];
}

/** Lists resources. */
export interface Resources {
  /** What these destinations and their dead letters need, each once. Pure. Throws `invalid-config` as a plan does. */
  list(destinations: readonly Destination[]): ResourceList;
}

/** Stand in texts for the place that the resources are made in. */
export const HERE = { partition: "@{partition}", region: "@{region}", account: "@{account}" } as const;
