/** Message move tasks as SQS lists them. They move nothing: what is tested is the talk about them. */

export interface Task {
  Status: string;
  TaskHandle?: string;
  readonly SourceArn: string;
  readonly DestinationArn: string;
  ApproximateNumberOfMessagesMoved: number;
  ApproximateNumberOfMessagesToMove?: number;
  readonly StartedTimestamp: number;
  FailureReason?: string;
}

/** Each list moves the running task of its queue on by a step. */
export class MoveTasks {
  /** The newest first. */
  readonly tasks: Task[] = [];
  total = 10;
  step = 4;
  /** Why the next task fails after its first step. */
  fails: string | undefined;

  /** The answer to a call. Undefined: the call is about something else. */
  answer(action: string, input: any): unknown {
    switch (action) {
      case "StartMessageMoveTask":
        return { TaskHandle: this.begin(input.DestinationArn, input.SourceArn) };
      case "ListMessageMoveTasks": {
        const Results = structuredClone(this.tasks.filter(({ SourceArn }) => SourceArn === input.SourceArn));
        this.#advance(input.SourceArn);
        return { Results };
      }
      case "CancelMessageMoveTask": {
        const running = this.tasks.find(({ TaskHandle }) => TaskHandle === input.TaskHandle);
        if (running !== undefined) running.Status = "CANCELLING";
        return { ApproximateNumberOfMessagesMoved: running?.ApproximateNumberOfMessagesMoved ?? 0 };
      }
      default:
        return undefined;
    }
  }

  begin(destination: string, source: string): string {
    const TaskHandle = `${source}/${this.tasks.length}`;
    this.tasks.unshift({
      Status: "RUNNING",
      TaskHandle,
      SourceArn: source,
      DestinationArn: destination,
      ApproximateNumberOfMessagesMoved: 0,
      StartedTimestamp: Date.now() + this.tasks.length,
    });
    return TaskHandle;
  }

  #advance(source: string): void {
    const task = this.tasks.find(({ SourceArn }) => SourceArn === source);
    if (task === undefined || (task.Status !== "RUNNING" && task.Status !== "CANCELLING")) return;
    task.ApproximateNumberOfMessagesToMove = this.total;
    const end = (state: string): void => {
      task.Status = state;
      delete task.TaskHandle;
    };
    if (task.Status === "CANCELLING") return end("CANCELLED");
    task.ApproximateNumberOfMessagesMoved = Math.min(this.total, task.ApproximateNumberOfMessagesMoved + this.step);
    if (this.fails !== undefined) {
      task.FailureReason = this.fails;
      return end("FAILED");
    }
    if (task.ApproximateNumberOfMessagesMoved === this.total) end("COMPLETED");
  }
}
