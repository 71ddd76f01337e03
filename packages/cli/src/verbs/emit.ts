import { resources as listed } from "@switchyard/core";
import type { Verb } from "../command.ts";
import { cloudFormation } from "../emit/cloudformation.ts";
import { rabbitDefinitions } from "../emit/rabbitmq.ts";
import { terraform } from "../emit/terraform.ts";
import { emitScaling, SCALING, SCALING_FORMS, type ScalingForm } from "../emit/scaling.ts";
import { UsageError } from "../io.ts";
import { visible } from "../visible.ts";

const FORMS = ["cloudformation", "terraform", "rabbitmq-definitions", ...SCALING_FORMS] as const;
type Form = (typeof FORMS)[number];

export const emit: Verb = {
  takes: "cloudformation|terraform|rabbitmq-definitions, or keda|hpa|ecs|lambda CHANNEL GROUP",
  words: [1, 3],
  options: {
    ...SCALING,
    connection: { type: "string", value: "NAME", about: "only this connection; default: all that the form is for" },
    vhost: { type: "string", value: "NAME", about: "the virtual host of the definitions; default /" },
  },
  about:
    "Prints what `apply` would make as files for other tools: a CloudFormation template, Terraform in its JSON syntax, or definitions of RabbitMQ, without users and rights; what holds messages is protected from deletion. `keda`, `hpa` and `ecs` scale a group's consumers on its backlog, with the caps of its partitions, and `lambda` says how many of a function may run; these need @switchyard/otel. Opens no connection.",
  example: "switchyard emit cloudformation --profile prod > queues.json",
  async run(call) {
    const { out, values, words, project: found } = call;
    const [form] = words;
    if (!FORMS.includes(form as Form)) throw new UsageError(`no form "${visible(form!)}"; one of ${FORMS.join(", ")}`);
    if (SCALING_FORMS.includes(form as ScalingForm)) return emitScaling(call, form as ScalingForm);
    if (words.length > 1) throw new UsageError(`emit ${form!} takes no channel; did you mean --connection?`);
    const project = await found();
    const { connections, explanation } = await listed(project.options());
    const only = values["connection"];
    if (typeof only === "string" && !Object.hasOwn(connections, only))
      throw new UsageError(`no connection "${visible(only)}" here; known: ${Object.keys(connections).join(", ")}`);
    const chosen = Object.entries(connections).filter(([name]) => only === undefined || name === only);
    const wanted = form === "rabbitmq-definitions" ? "rabbitmq:" : "AWS::";
    const resources = chosen.flatMap(([, its]) => its.resources.filter(({ type }) => type.startsWith(wanted)));
    for (const [name, { notes }] of chosen) for (const note of notes) out.talk(visible(`${name}: ${note}`));
    if (resources.length === 0)
      throw new UsageError(
        `${form} has nothing to say of this profile: ${chosen.map(([name, { adapter }]) => `${name} is ${adapter}`).join(", ") || "no connection needs a resource"}`,
      );
    const { profile, service } = explanation;
    const description = `Switchyard: ${service}, profile ${profile ?? "none"}`;
    const { vhost } = values;
    const made =
      form === "cloudformation"
        ? cloudFormation(resources, description)
        : form === "terraform"
          ? terraform(resources)
          : rabbitDefinitions(resources, typeof vhost === "string" ? vhost : undefined);
    out.line(JSON.stringify(made, undefined, 2));
    return 0;
  },
};
