import type { Clients } from "../clients.ts";
import type { Desired } from "./desired.ts";

/** The tags that are not there or say otherwise; tags of others are theirs. */
export async function missingTags(
  { settings }: Desired,
  url: string,
  clients: Clients,
  signal: AbortSignal,
): Promise<Record<string, string> | undefined> {
  if (settings.tags === undefined) return undefined;
  const { Tags = {} } = await clients.call("ListQueueTags", { QueueUrl: url }, signal);
  const missing = Object.entries(settings.tags).filter(([key, value]) => Tags[key] !== value);
  return missing.length === 0 ? undefined : Object.fromEntries(missing);
}
