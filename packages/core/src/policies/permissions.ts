/** Makes the patterns of RabbitMQ's permissions. */
import type { BrokerRight } from "../driver/index.ts";
import { compare } from "./document.ts";
import type { Role } from "./roles.ts";

/** What one role's user may do in one virtual host: `rabbitmqctl set_permissions -p VHOST USER CONFIGURE WRITE READ`. */
export interface RabbitPermission {
  readonly role: Role;
  /** The connection's name in the configuration. A user who serves several connections of one virtual host needs all their patterns. */
  readonly connection: string;
  readonly vhost: string;
  /** Regular expressions that match exactly the names needed. `^$` matches none. */
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

export function permissionsOf(role: Role, connection: string, rights: readonly BrokerRight[]): RabbitPermission[] {
  const byVhost = Map.groupBy(rights, ({ vhost }) => vhost);
  return [...byVhost].map(([vhost, all]) => {
    const pattern = (of: BrokerRight["permission"]) => patternOf(all.filter(({ permission }) => permission === of));
    return { role, connection, vhost, configure: pattern("configure"), write: pattern("write"), read: pattern("read") };
  });
}

function patternOf(rights: readonly BrokerRight[]): string {
  const patterns = rights.map(({ name, prefix = false }) => `${escaped(name)}${prefix ? ".*" : ""}`);
  const all = [...new Set(patterns)].sort(compare);
  return all.length === 0 ? "^$" : `^(${all.join("|")})$`;
}

const escaped = (name: string): string => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
