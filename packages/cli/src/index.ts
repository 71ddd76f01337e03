/** What the command line does, as functions. */
export {
  type AsyncApiDocument,
  type AsyncApiMessage,
  asyncapi,
  type AsyncApiOptions,
  type Schema,
} from "./asyncapi/document.ts";
export { breaking, type Breaking } from "./asyncapi/breaking.ts";
export { diagram } from "./diagram.ts";
export { type Examined, examine } from "./doctor/examine.ts";
export type { Finding } from "./doctor/finding.ts";
export type { ExitCode, Io } from "./io.ts";
export { main } from "./main.ts";
export { cloudFormation, type CloudFormationTemplate } from "./emit/cloudformation.ts";
export { type RabbitDefinitions, rabbitDefinitions } from "./emit/rabbitmq.ts";
export { terraform, type TerraformFile } from "./emit/terraform.ts";
