import { isMessagingError } from "@switchyard/core";
import { policies, type Policies } from "@switchyard/core/policies";
import type { Verb } from "../command.ts";
import { UsageError } from "../io.ts";
import { visible } from "../visible.ts";

const ROLES = ["publisher", "consumer", "viewer", "watcher", "operator", "purger", "provisioner"] as const;
/** What the option takes. */
const ACCOUNT = "takes the 12 digits of the AWS account, such as --account 123456789012";
type Role = (typeof ROLES)[number];

export const policy: Verb = {
  takes: "[ROLE]",
  words: [0, 1],
  options: {
    publishes: {
      type: "string",
      multiple: true,
      value: "CHANNEL",
      about: "a channel that the service publishes to; default: all",
    },
    account: { type: "string", value: "ID", about: "the AWS account of the roles, 12 digits" },
    region: { type: "string", value: "NAME", about: "the region of connections that name none; default AWS_REGION" },
    destructive: { type: "boolean", about: "let the provisioner make destructive changes, too" },
  },
  about: `Prints the rights that the service needs and no more: policies of AWS and permissions of RabbitMQ, as JSON. ROLE is one of ${ROLES.join(", ")}. The consumer's are those of the consumers that the modules export. Opens no connection.`,
  example: "switchyard policy consumer --account 123456789012",
  async run({ io, out, values, words: [role], project: found }) {
    if (role !== undefined && !ROLES.includes(role as Role))
      throw new UsageError(`no role "${visible(role)}"; one of ${ROLES.join(", ")}`);
    const account = values["account"];
    if (typeof account === "string" && !/^\d{12}$/.test(account)) throw new UsageError(`--account ${ACCOUNT}`);
    const project = await found();
    const { channels } = await project.explain();
    const all = project.channels.filter(({ name }) => Object.hasOwn(channels, name));
    const names = values["publishes"] as readonly string[] | undefined;
    const publishes = names === undefined ? all : await Promise.all(names.map((name) => project.channel(name)));
    const { consumers, signal: _, service, ...options } = project.options();
    const made = await policies({
      ...options,
      service,
      publishes,
      channels: all,
      consumes: consumers ?? [],
      env: io.env,
      destructive: values["destructive"] === true,
      ...text(account, "account"),
      ...text(values["region"], "region"),
    }).catch((error: unknown) => {
      if (
        account === undefined &&
        isMessagingError(error) &&
        error.code === "bad-option" &&
        /^account\b/.test(error.message)
      )
        throw new UsageError(`policies of AWS name the account: --account ${ACCOUNT}`);
      throw error;
    });
    for (const warning of made.warnings) out.talk(visible(`warning: ${warning}`));
    out.document("policy", role === undefined ? rolesOf(made) : roleOf(made, role as Role));
    return 0;
  },
};

const text = (value: unknown, name: string) => (typeof value === "string" ? { [name]: value } : {});

const roleOf = ({ rabbitmq, ...made }: Policies, role: Role) => ({
  role,
  aws: made[role] ?? null,
  rabbitmq: rabbitmq.filter((permission) => permission.role === role),
});

const rolesOf = (made: Policies) => ({
  roles: Object.fromEntries(
    ROLES.map((role) => {
      const { role: _, ...rights } = roleOf(made, role);
      return [role, rights];
    }),
  ),
  resources: made.resources,
});
