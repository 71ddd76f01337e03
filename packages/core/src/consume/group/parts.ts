/** What only some groups need. It is loaded before the receiver is opened, so that no message waits for it. */
import { loadOnce } from "../../base/load-once.ts";
import { OUR_HEADERS } from "../../wire/codec.ts";
import { otherForms } from "../../wire/other-forms.ts";
import type { GroupContext } from "../lease/group-context.ts";
import type { LeaseParts } from "../lease/lease-runner.ts";
import type { Batches } from "./batches.ts";

export interface GroupParts extends LeaseParts {
  /** Only of a batch consumer. */
  readonly Batches?: typeof Batches;
}

const batches = loadOnce(() => import("./batches.ts"));
const checkpoint = loadOnce(() => import("../lease/checkpoint.ts"));
const lanes = loadOnce(() => import("../lease/lanes.ts"));

/** Loads the parts of every group. */
export async function loadAllParts(): Promise<void> {
  await Promise.all([batches(), checkpoint(), lanes()]);
}

/** Shared, because there may be thousands of groups. */
const NONE: GroupParts = {};

export async function loadParts({ consumer, plan }: GroupContext): Promise<GroupParts> {
  if (expectsOtherForms(consumer, plan)) await otherForms();
  if (consumer.kind !== "batch" && plan.capabilities.settleResult !== "checkpoint" && !plan.from.ordered) return NONE;
  return {
    ...(consumer.kind === "batch" && { Batches: (await batches()).Batches }),
    ...(plan.capabilities.settleResult === "checkpoint" && { Checkpointer: (await checkpoint()).Checkpointer }),
    ...(plan.from.ordered && { Lanes: (await lanes()).Lanes }),
  };
}

/** An event has its messages in its own form, whatever the transport could carry. */
const expectsOtherForms = ({ channel }: GroupContext["consumer"], { capabilities }: GroupContext["plan"]): boolean =>
  channel.foreign !== undefined || capabilities.headers < OUR_HEADERS || capabilities.delivery === "pushed";
