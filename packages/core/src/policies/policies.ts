import type { AnyChannel } from "../api/channel.ts";
import type { Consumer } from "../api/consumer.ts";
import type { Imports } from "../api/imports.ts";
import { MessagingError } from "../api/errors.ts";
import { type ChannelShape, type ConsumerShape, isMade } from "../api/shapes.ts";
import { resolvePlan } from "../config/index.ts";
import type { Adapter, BrokerRight, IamRight, Needed, Place, ResourceStatement, Rights } from "../driver/index.ts";
import { destinationsOf } from "../messaging/provision.ts";
import type { Extension } from "../pipeline/extension.ts";
import type { Plan } from "../plan/plan.ts";
import { compare, documentOf, type Grain, grainsOf, type PolicyDocument, type Statement } from "./document.ts";
import { foreignOf, foreignWarnings } from "./other-accounts.ts";
import { permissionsOf, type RabbitPermission } from "./permissions.ts";
import { type Call, callsOf, type Doing, type Role, ROLES } from "./roles.ts";

/** The options of `policies()`. */
export interface PoliciesOptions {
  /** The service's name, as for `connect()`. */
  readonly service: string;
  /** The channels that the service publishes to. Default: none. */
  readonly publishes?: readonly AnyChannel[];
  /** The consumers of the service. Default: none. */
  readonly consumes?: readonly Consumer<any>[];
  /** More channels for all other roles, with all their groups. Default: none. */
  readonly channels?: readonly AnyChannel[];
  /** The account, 12 digits, that the roles are in. Needed if a connection on AWS has no `accountId`: then they are in that one. */
  readonly account?: string;
  /** The region of connections that name none. Default: AWS_REGION. */
  readonly region?: string;
  /** The first part of ARNs. Default: that of the region, such as `aws-cn` for `cn-north-1`. */
  readonly partition?: string;
  /** Lets the provisioner also make destructive changes, and delete what was made. Default false. */
  readonly destructive?: boolean;
  /** As for `connect()`. */
  readonly config?: string | object;
  readonly profile?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly imports?: Imports;
  readonly adapters?: readonly Adapter[];
  readonly extensions?: readonly Extension[];
}

/** A policy that AWS keeps with a resource. */
export interface ResourcePolicy {
  /** The queue, topic, stream or KMS key. A key that is configured by its alias has the ARN of the alias. */
  readonly arn: string;
  /** The statements that its policy needs. A key has others already: add them, and replace none. */
  readonly document: PolicyDocument;
}

/** What a service needs, by role. A role that needs nothing on AWS has no document. */
export interface Policies {
  /** Publishes to the channels of `publishes`. */
  readonly publisher: PolicyDocument | undefined;
  /** Consumes the groups of `consumes`, and sends what fails to their dead letters. */
  readonly consumer: PolicyDocument | undefined;
  /** `depth()` of the groups consumed, and `plan()`. Changes nothing. */
  readonly viewer: PolicyDocument | undefined;
  /** `tail()` and `sweepTails()` of the topics and streams of the groups consumed. */
  readonly watcher: PolicyDocument | undefined;
  /**
   * `depth()`, `replay()`, and `deadLetters()` without `purge()`, of the groups consumed. Redriving removes letters one by one, which AWS cannot
   * tell from deleting them.
   */
  readonly operator: PolicyDocument | undefined;
  /** `purge()` of `deadLetters()`. */
  readonly purger: PolicyDocument | undefined;
  /** `plan()` and `apply()`. */
  readonly provisioner: PolicyDocument | undefined;
  /** What the policies of the resources themselves need: for topics, buckets, rules and other accounts. `apply()` sets those of queues and topics that it makes. */
  readonly resources: readonly ResourcePolicy[];
  /** The permissions of a RabbitMQ user for each role, connection and virtual host. */
  readonly rabbitmq: readonly RabbitPermission[];
  /** Sentences for people: what is broader than the use, what must be granted by hand, and what is not known. */
  readonly warnings: readonly string[];
}

/**
 * Returns the rights that a service needs, role by role, and nothing more. Reads only the configuration and the `channel()` and
 * `consumer()` values. Opens no connection.
 *
 * @throws MessagingError `invalid-config` as `connect()` does, or `bad-option`.
 */
export async function policies(options: PoliciesOptions): Promise<Policies> {
  refuseBadInput(options);
  const { publishes = [], consumes = [], channels = [], account, partition, destructive = false, ...rest } = options;
  const shapes = [...publishes, ...channels] as unknown as readonly ChannelShape[];
  const consumers = consumes as unknown as readonly ConsumerShape[];
  const plan = await resolvePlan({ ...rest, channels: unique(shapes), consumers, everyProfile: true });
  const region = options.region ?? ((options.env ?? process.env)["AWS_REGION"] || undefined);
  const doing: Doing = {
    plan,
    publishes: (publishes as unknown as readonly ChannelShape[]).map(({ name, needs }) => ({
      channel: name,
      delayed: needs.delay !== undefined,
    })),
    consumes: consumers.map(({ channel, group }) => ({ channel: channel.name, group })),
    channels: channels.map(({ name }) => name),
    destructive,
  };
  const place = { account, region, partition };
  const found = await gather(plan, callsOf(doing), place);
  if (Object.values(plan.channels).some(({ content }) => content?.claimCheck !== undefined)) {
    const { claimRightsOf } = await import("./claims.ts");
    const claims = await claimRightsOf(doing, place);
    found.iam.push(...claims.rights);
    found.warnings.push(...claims.warnings);
  }
  if (Object.keys(plan.keys).length > 0) {
    const { keyRightsOf } = await import("./keys.ts");
    const keys = await keyRightsOf(doing, place);
    found.iam.push(...keys.rights);
    found.warnings.push(...keys.warnings);
  }
  return finish(found, plan, account);
}

const unique = (shapes: readonly ChannelShape[]): readonly ChannelShape[] => [
  ...new Map(shapes.map((shape) => [shape.name, shape])).values(),
];

type Used<R> = R & { readonly role: Role; readonly on: string; readonly use: string };

interface Found {
  readonly iam: Used<IamRight>[];
  readonly broker: Used<BrokerRight>[];
  readonly resources: { readonly arn: string; readonly statement: ResourceStatement }[];
  readonly warnings: string[];
}

/** Asks the adapters of all connections. */
async function gather(plan: Plan, calls: readonly Call[], place: Place): Promise<Found> {
  const found: Found = { iam: [], broker: [], resources: [], warnings: [] };
  for (const { name, adapter, options, provision } of Object.values(plan.connections)) {
    const its = calls.filter(({ on }) => on === name);
    if (its.length === 0) continue;
    const rights = await adapter.rights?.(options);
    if (rights === undefined) {
      found.warnings.push(`"${name}" (${adapter.name}) does not say which rights its calls need; grant them by hand`);
      continue;
    }
    for (const call of its) add(found, call, ask(rights, call, place));
    const needsAny = [...found.iam, ...found.broker].some(({ on }) => on === name);
    if (provision === "auto" && needsAny)
      found.warnings.push(
        `"${name}" has provision: auto, so connect() needs the provisioner's rights as well; set provision: off or verify in this profile`,
      );
    for (const { arn, statements } of rights.resources?.(destinationsOf(plan, name), place) ?? [])
      found.resources.push(...statements.map((statement) => ({ arn, statement })));
  }
  return found;
}

function ask(rights: Rights, call: Call, place: Place): Needed {
  if ("destinations" in call) return rights.topology(call.use, call.destinations, place);
  return rights.connection(call.use, call.of, place, call.details);
}

function add(found: Found, { role, on, use }: Call, { rights, warnings = [] }: Needed): void {
  // RabbitMQ is compared with by declaring, so that to look is to be allowed to create.
  if (role === "viewer" && rights.some((right) => right.kind === "rabbitmq" && right.permission === "configure")) {
    found.warnings.push(
      `"${on}": plan() declares what it compares, which takes the provisioner's rights; the viewer has depth() alone`,
    );
    return;
  }
  for (const right of rights) {
    if (right.kind === "iam") found.iam.push({ ...right, role, on, use });
    else found.broker.push({ ...right, role, on, use });
  }
  found.warnings.push(...warnings);
}

function finish(
  { iam, broker, resources, warnings }: Found,
  { redact = String }: Plan,
  account: string | undefined,
): Policies {
  const all = new Map<Role, readonly Grain[]>(
    ROLES.map((role) => [role, grainsOf(iam.filter((right) => right.role === role))]),
  );
  const documents = Object.fromEntries(ROLES.map((role) => [role, documentOf(all.get(role)!)])) as Record<
    Role,
    PolicyDocument | undefined
  >;
  const grains = [...all.values()].flat();
  const rabbitmq = ROLES.flatMap((role) =>
    [...Map.groupBy(broker, ({ on }) => on)].flatMap(([on, rights]) =>
      permissionsOf(
        role,
        on,
        rights.filter((right) => right.role === role),
      ),
    ),
  );
  const said = [
    ...warnings,
    ...(account === undefined ? [] : foreignWarnings(grains, account)),
    ...ROLES.flatMap((role) => tooLong(role, documents[role])),
  ];
  return {
    ...documents,
    resources: policiesOf([...resources, ...(account === undefined ? [] : foreignOf(grains, account))]),
    rabbitmq,
    warnings: [...new Set(said)].map(redact),
  };
}

/** One policy for each resource, with the same statement once. */
function policiesOf(all: readonly { readonly arn: string; readonly statement: ResourceStatement }[]): ResourcePolicy[] {
  const byArn = Map.groupBy(all, ({ arn }) => arn);
  return [...byArn]
    .sort(([a], [b]) => compare(a, b))
    .map(([arn, its]) => {
      const texts = new Map(its.map(({ statement }) => [JSON.stringify(statement), statement]));
      const counts = new Map<string, number>();
      const Statement = [...texts.values()].map((statement): Statement => {
        const count = (counts.get(statement.Sid) ?? 0) + 1;
        counts.set(statement.Sid, count);
        return count === 1 ? statement : { ...statement, Sid: `${statement.Sid}${count}` };
      });
      return { arn, document: { Version: "2012-10-17", Statement } };
    });
}

/** Of a managed policy, white space not counted ("IAM and AWS STS quotas" in the IAM user guide, 2026). */
const MOST_CHARACTERS = 6_144;

function tooLong(role: Role, document: PolicyDocument | undefined): readonly string[] {
  const length = document === undefined ? 0 : JSON.stringify(document).length;
  if (length <= MOST_CHARACTERS) return [];
  return [
    `${role}: ${length} characters, and a managed policy of IAM holds ${MOST_CHARACTERS}; call policies() for some of the channels at a time, and attach several`,
  ];
}

function refuseBadInput({ service, publishes = [], consumes = [], channels = [] }: PoliciesOptions): void {
  const refuse = (text: string): MessagingError => new MessagingError("bad-option", text, { kind: "config" });
  if (typeof service !== "string" || service === "")
    throw refuse('policies({ service }): give the name of the service, such as "billing"');
  for (const [name, list] of Object.entries({ publishes, channels }))
    if (!Array.isArray(list) || list.some((one) => !isMade("channel", one)))
      throw refuse(`policies({ ${name} }): give a list of what channel() made`);
  if (!Array.isArray(consumes) || consumes.some((one) => !isMade("consumer", one)))
    throw refuse("policies({ consumes }): give a list of what consumer() and batchConsumer() made");
  if (publishes.length + consumes.length + channels.length === 0)
    throw refuse("policies(): give publishes, consumes or channels; without them there is nothing to allow");
}
