/**
 * Rights: what a role must be allowed so that the driver's calls succeed. `policies()` of `@switchyard/core/policies` turns them into
 * policy documents and permissions. Nothing here is used while messages are published or consumed.
 */
import type { Destination } from "./destination.ts";

/**
 * A method of {@link Connection} that needs rights on a destination. `send` is `sender()`, `receive` is `receiver()` with its leases, `move` is
 * all of `moves` with the destination as the source, and `tail` all of `tails`.
 */
export type ConnectionUse = "send" | "receive" | "depth" | "purge" | "seek" | "move" | "tail";

/** A method of {@link Topology}. `destroy` includes what `apply` does only with `destructive: true`. */
export type TopologyUse = "plan" | "apply" | "destroy";

/** One right. */
export type Right = IamRight | BrokerRight;

/** One action of AWS on one resource. */
export interface IamRight {
  readonly kind: "iam";
  /** `sqs:SendMessage`. Without wildcards. */
  readonly action: string;
  /** An ARN. `*` only if AWS has no resource for the action. */
  readonly resource: string;
  readonly condition?: Condition;
}

/** Operators, then condition keys, then values: `{ StringEquals: { "sns:Protocol": ["sqs"] } }`. */
export type Condition = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** One of RabbitMQ's three permissions on one queue or exchange. */
export interface BrokerRight {
  readonly kind: "rabbitmq";
  readonly vhost: string;
  readonly permission: "configure" | "write" | "read";
  /** The queue's or exchange's name, not a pattern. The default exchange is `amq.default`. */
  readonly name: string;
  /** True if `name` is how the names begin. Default false. */
  readonly prefix?: boolean;
}

/** A statement of a policy that AWS keeps with a resource. */
export interface ResourceStatement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Principal: Readonly<Record<string, string | readonly string[]>>;
  readonly Action: string | readonly string[];
  readonly Resource: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** What the policy of one resource must say. */
export interface ResourceRights {
  readonly arn: string;
  readonly statements: readonly ResourceStatement[];
}

/** What a driver's calls need. */
export interface Needed {
  readonly rights: readonly Right[];
  /** Sentences for people: rights that are broader than the use, or that the driver cannot know. */
  readonly warnings?: readonly string[];
}

/** Where resources are, as far as the connection does not say it. */
export interface Place {
  /** The account that resources are in if neither the connection nor the address names one. */
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  /** The first part of ARNs, such as `aws-cn`. Default: that of the region. */
  readonly partition?: string | undefined;
}

/** What is known of a use beside the destination. */
export interface UseDetails {
  /** The destination keeps the dead letters of this one. Settings such as an encryption key may be those of the source. */
  readonly source?: Destination;
  /** Messages may be sent with a delay. */
  readonly delayed?: boolean;
}

/** Says which rights the driver's calls need. Every function is pure. */
export interface Rights {
  /** The rights that a method of the connection needs on `of`, with all that the opened sender or receiver does. */
  connection(use: ConnectionUse, of: Destination, place: Place, details?: UseDetails): Needed;
  /** The rights that a method of the topology needs for these destinations. */
  topology(use: TopologyUse, destinations: readonly Destination[], place: Place): Needed;
  /** What the policies of the resources themselves must say, so that other services and accounts may use them. */
  resources?(destinations: readonly Destination[], place: Place): readonly ResourceRights[];
}
