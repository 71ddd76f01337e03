/** The age of a queue's oldest message. SQS does not tell it: CloudWatch does, some minutes late. */
import { type ClientLike, clientSettings, commandOf, handlerSettings, type Sdk } from "@switchyard/aws-kit";
import type { DriverEvent, Runtime } from "@switchyard/core/driver";
import { loadPeer, MessagingError } from "@switchyard/core/driver-kit";
import { CALL_TIMEOUT_MS, SECOND } from "./limits.ts";
import type { SqsOptions } from "./options.ts";

const NAME: string = "@aws-sdk/client-cloudwatch";
const MINUTE = 60 * SECOND;
/** SQS reports each minute [Amazon SQS developer guide, "Available CloudWatch metrics for Amazon SQS"], so asking more often tells nothing new. */
const KEPT_MS = MINUTE;
/** A number that is older says nothing of now. SQS stops reporting a queue that nobody has used for six hours. */
const LOOKED_BACK_MS = 10 * MINUTE;

/** What CloudWatch said last. */
export interface OldestAge {
  readonly oldestMs: number;
  /** The minute that it is of. */
  readonly oldestAsOf: Date;
}

export interface OldestAges {
  /** Undefined if CloudWatch has no number of the last minutes, or cannot be asked, which is reported once. */
  of(queue: string, signal: AbortSignal): Promise<OldestAge | undefined>;
  close(): void;
}

/** The part of a data point that is read [CloudWatch API reference, Datapoint]. */
interface Point {
  readonly Timestamp?: Date | undefined;
  readonly Maximum?: number | undefined;
}

interface Asked {
  readonly at: number;
  readonly answer: OldestAge | undefined;
}

export function oldestAges(
  options: SqsOptions,
  regionOf: () => Promise<string | undefined>,
  runtime: Runtime,
  report: (event: DriverEvent) => void,
  load: () => Promise<Sdk> = () => loadPeer(NAME, "@switchyard/sqs", () => import(NAME)),
): OldestAges {
  const given = options.cloudWatchClient;
  const last = new Map<string, Asked>();
  let opening: Promise<{ readonly sdk: Sdk; readonly client: ClientLike }> | undefined;
  let told = false;
  const open = async () => {
    const sdk = await load();
    const { profile } = options;
    // The connection's endpoint is SQS's. The SDK has variables for CloudWatch's.
    const settings = clientSettings({ region: await regionOf(), profile }, handlerSettings(CALL_TIMEOUT_MS));
    return { sdk, client: given ?? (new sdk["CloudWatchClient"]!(settings) as ClientLike) };
  };
  const ask = async (queue: string, abortSignal: AbortSignal): Promise<OldestAge | undefined> => {
    const { sdk, client } = await (opening ??= open());
    const now = runtime.now();
    const command = commandOf(sdk, NAME, "GetMetricStatistics", {
      Namespace: "AWS/SQS",
      MetricName: "ApproximateAgeOfOldestMessage",
      Dimensions: [{ Name: "QueueName", Value: queue }],
      StartTime: new Date(now - LOOKED_BACK_MS),
      EndTime: new Date(now),
      Period: MINUTE / SECOND,
      Statistics: ["Maximum"],
    });
    const { Datapoints: points = [] } = (await client.send(command, { abortSignal })) as { Datapoints?: Point[] };
    return newest(points);
  };
  return {
    of: async (queue, signal) => {
      const known = last.get(queue);
      if (known !== undefined && runtime.monotonic() - known.at < KEPT_MS) return known.answer;
      try {
        const answer = await ask(queue, signal);
        last.set(queue, { at: runtime.monotonic(), answer });
        told = false;
        return answer;
      } catch (cause) {
        signal.throwIfAborted();
        // Without the package or the region there is no client to try again with.
        opening = undefined;
        if (!told) report({ type: "warning", id: queue, cause: refusal(cause) });
        told = true;
        return undefined;
      }
    },
    close: () => {
      if (given === undefined) void opening?.then(({ client }) => client.destroy?.()).catch(() => undefined);
    },
  };
}

/** Data points come in no order. */
function newest(points: readonly Point[]): OldestAge | undefined {
  let best: OldestAge | undefined;
  for (const { Timestamp, Maximum } of points) {
    if (!(Timestamp instanceof Date) || typeof Maximum !== "number") continue;
    if (best === undefined || Timestamp > best.oldestAsOf) best = { oldestMs: Maximum * SECOND, oldestAsOf: Timestamp };
  }
  return best;
}

const refusal = (cause: unknown): MessagingError =>
  new MessagingError(
    "oldest-age-unknown",
    "cloudWatch: CloudWatch does not tell the age of the oldest message, so depth() leaves it out; the role needs cloudwatch:GetMetricStatistics, see policies()",
    { kind: "config", cause },
  );
