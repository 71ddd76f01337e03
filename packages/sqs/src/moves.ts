/** Message move tasks: SQS itself moves all messages of a dead-letter queue to the queue that it is told. */
import type { Destination, Moves, MoveTask } from "@switchyard/core/driver";
import type { Clients } from "./client.ts";
import type { SqsOptions } from "./options.ts";
import { describeQueue, queueUrl } from "./resource.ts";
import type { ListedTask } from "./sdk.ts";

/** The most tasks that SQS lists [SQS API reference, ListMessageMoveTasks, MaxResults]. */
const MOST_LISTED = 10;

const STATES: Readonly<Record<string, MoveTask["state"]>> = {
  RUNNING: "running",
  CANCELLING: "cancelling",
  COMPLETED: "completed",
  CANCELLED: "cancelled",
  FAILED: "failed",
};

export function movesOf(options: SqsOptions, clients: Clients): Moves {
  const arns = new Map<string, string>();
  const arnOf = async (of: Destination, signal: AbortSignal): Promise<string> => {
    const known = arns.get(of.name);
    if (known !== undefined) return known;
    const { arn } = await describeQueue(await queueUrl(of, options, clients, signal), clients, signal);
    arns.set(of.name, arn);
    return arn;
  };
  return {
    start: async (from, to, perSecond, signal) => {
      const { TaskHandle } = await clients.call(
        "StartMessageMoveTask",
        {
          SourceArn: await arnOf(from, signal),
          // Without it SQS moves only what its own redrive policy brought here, and our copies were sent [Developer Guide,
          // "Troubleshoot dead-letter queue and redrive issues": CouldNotDetermineMessageSource].
          DestinationArn: await arnOf(to, signal),
          ...(perSecond === undefined ? {} : { MaxNumberOfMessagesPerSecond: perSecond }),
        },
        signal,
      );
      return TaskHandle ?? "";
    },
    list: async (from, to, signal) => {
      const destination = await arnOf(to, signal);
      const input = { SourceArn: await arnOf(from, signal), MaxResults: MOST_LISTED };
      const { Results = [] } = await clients.call("ListMessageMoveTasks", input, signal);
      return Results.map((task) => taskOf(task, destination));
    },
    cancel: async (handle, signal) => {
      await clients.call("CancelMessageMoveTask", { TaskHandle: handle }, signal);
    },
  };
}

function taskOf(task: ListedTask, destination: string): MoveTask {
  const { Status = "", TaskHandle, DestinationArn, StartedTimestamp, FailureReason } = task;
  const { ApproximateNumberOfMessagesMoved: moved, ApproximateNumberOfMessagesToMove: total } = task;
  return {
    state: STATES[Status] ?? "running",
    into: DestinationArn === destination,
    startedAt: Number(StartedTimestamp ?? 0),
    moved: Number(moved ?? 0),
    ...(TaskHandle === undefined || TaskHandle === null ? {} : { handle: TaskHandle }),
    ...(total === undefined || total === null ? {} : { total: Number(total) }),
    ...(FailureReason === undefined || FailureReason === null ? {} : { failure: FailureReason }),
  };
}
