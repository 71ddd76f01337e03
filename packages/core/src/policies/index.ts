/**
 * Least privilege: the policies of AWS and the permissions of RabbitMQ that a service needs, made from its configuration and from what
 * its code publishes and consumes. For a deployment step. Nothing here is loaded by a running service.
 */
export type { PolicyDocument, Statement } from "./document.ts";
export type { RabbitPermission } from "./permissions.ts";
export { type Policies, policies, type PoliciesOptions, type ResourcePolicy } from "./policies.ts";
export type { Role } from "./roles.ts";
