/** What `plan()` says of a function's event source mapping, which a deployment tool makes: how it differs, or how to write it. */
import type { Change, Destination } from "@switchyard/core/driver";
import { formatDuration, loadPeer } from "@switchyard/core/driver-kit";
import {
  clientSettings,
  type ClientLike,
  commandOf,
  type ConnectionOptions,
  handlerSettings,
  type Sdk,
} from "./clients.ts";
import { HOLD_FACTOR, type LambdaSettings, lambdaSettings } from "./lambda.ts";

const NAME: string = "@aws-sdk/client-lambda";
const CALL_TIMEOUT_MS = 15_000;
const SECOND = 1_000;

/** One call to the API of Lambda. */
export type LambdaCall = (action: string, input: object, signal: AbortSignal) => Promise<any>;

/** The parts of a mapping that are compared [AWS API reference, EventSourceMappingConfiguration]. */
interface Mapping {
  readonly UUID?: string;
  readonly EventSourceArn?: string;
  readonly State?: string;
  readonly FunctionResponseTypes?: readonly string[];
  readonly BatchSize?: number;
  readonly MaximumBatchingWindowInSeconds?: number;
  readonly ParallelizationFactor?: number;
  readonly TumblingWindowInSeconds?: number;
  readonly MaximumRetryAttempts?: number;
  readonly MaximumRecordAgeInSeconds?: number;
  readonly ScalingConfig?: { readonly MaximumConcurrency?: number };
  readonly FilterCriteria?: { readonly Filters?: readonly unknown[] };
}

/**
 * Compares the mapping of a group's source with `native.lambda`. Nothing if the group says no `function`. Every difference is of the kind
 * `drift`, or `destructive` where the mapping deletes messages: none is changed here.
 */
export async function mappingChanges(
  of: Destination,
  arn: string,
  call: LambdaCall,
  signal: AbortSignal,
): Promise<readonly Change[]> {
  const settings = lambdaSettings(of);
  const { function: name } = settings;
  if (of.runsOn !== "lambda" || name === undefined) return [];
  const changes: Change[] = [];
  const add = (action: Change["action"], summary: string, detail?: Change["detail"]): void => {
    changes.push({
      action,
      resource: "event source mapping",
      name: `${name}: ${arn}`,
      summary,
      ...(detail && { detail }),
    });
  };
  const { Timeout } = await call("GetFunctionConfiguration", { FunctionName: name }, signal);
  const timeoutMs = typeof Timeout === "number" ? Timeout * SECOND : undefined;
  if (timeoutMs !== undefined) {
    const said = settings.timeoutMs;
    if (said !== undefined && said !== timeoutMs)
      add(
        "drift",
        `the function's timeout is ${formatDuration(timeoutMs)}, native.lambda.timeout is ${formatDuration(said)}`,
      );
    const leastMs = HOLD_FACTOR * timeoutMs + settings.windowMs;
    if (of.model !== "stream" && (of.holdMs ?? 0) < leastMs)
      add(
        "drift",
        `the group's hold is ${formatDuration(of.holdMs ?? 0)}, less than ${HOLD_FACTOR} times the function's timeout and the window; set hold: ${formatDuration(leastMs)}`,
      );
  }
  const mapping = await find(name, arn, call, signal);
  if (mapping === undefined)
    add("drift", "is missing: make it with your deployment tool, as in the detail", cloudFormation(of, arn));
  else for (const { action = "drift", summary } of differences(of, settings, mapping)) add(action, summary);
  return changes;
}

async function find(name: string, arn: string, call: LambdaCall, signal: AbortSignal): Promise<Mapping | undefined> {
  let Marker: string | undefined;
  do {
    const page = await call("ListEventSourceMappings", { FunctionName: name, ...(Marker && { Marker }) }, signal);
    const found = (page.EventSourceMappings as readonly Mapping[] | undefined)?.find(
      ({ EventSourceArn = "" }) => EventSourceArn === arn || EventSourceArn.startsWith(`${arn}/consumer/`),
    );
    if (found !== undefined) return found;
    Marker = page.NextMarker as string | undefined;
  } while (Marker !== undefined && Marker !== "");
  return undefined;
}

interface Difference {
  readonly action?: Change["action"];
  readonly summary: string;
}

function differences(of: Destination, settings: LambdaSettings, mapping: Mapping): readonly Difference[] {
  const found: Difference[] = [];
  const stream = of.model === "stream";
  const reports = mapping.FunctionResponseTypes?.includes("ReportBatchItemFailures") === true;
  if (settings.report && !reports)
    found.push({
      action: stream ? "drift" : "destructive",
      summary: `native.lambda.answer is report, but the mapping does not read the answer${stream ? "" : ", so failed messages are deleted"}; set FunctionResponseTypes: [ReportBatchItemFailures]`,
    });
  if (!settings.report && reports)
    found.push({
      summary:
        "the mapping reads the answer; set native.lambda.answer: report, so that a failed message is no error of the function",
    });
  if ((mapping.FilterCriteria?.Filters?.length ?? 0) > 0)
    found.push({
      action: "destructive",
      summary: `FilterCriteria ${stream ? "skip" : "delete"} what does not match; remove them, and filter at the topic or ignore types in the consumer`,
    });
  if (mapping.State === "Disabled") found.push({ summary: "is disabled: nothing is handled" });
  const compare = (key: string, is: number | undefined, wanted: number | undefined, set: string): void => {
    if (wanted !== undefined && is !== wanted)
      found.push({ summary: `${key} is ${is ?? "not set"}, ${set} says ${wanted}` });
  };
  compare("BatchSize", mapping.BatchSize, settings.batchSize, "native.lambda.batchSize");
  compare(
    "MaximumBatchingWindowInSeconds",
    mapping.MaximumBatchingWindowInSeconds ?? 0,
    settings.windowMs / SECOND,
    "native.lambda.window",
  );
  if (!stream) {
    compare(
      "MaximumConcurrency",
      mapping.ScalingConfig?.MaximumConcurrency,
      settings.maximumConcurrency,
      "native.lambda.maximumConcurrency",
    );
    return found;
  }
  compare(
    "ParallelizationFactor",
    mapping.ParallelizationFactor ?? 1,
    settings.parallelization,
    "native.lambda.parallelization",
  );
  if ((mapping.TumblingWindowInSeconds ?? 0) > 0)
    found.push({ summary: "has a tumbling window, whose events are refused; remove TumblingWindowInSeconds" });
  for (const key of ["MaximumRetryAttempts", "MaximumRecordAgeInSeconds"] as const)
    if ((mapping[key] ?? -1) >= 0)
      found.push({
        action: "destructive",
        summary: `${key} is ${mapping[key]}: the mapping gives up records before the policy does; leave it at -1`,
      });
  return found;
}

/** The mapping as a resource of CloudFormation, or of `Events` in SAM. */
function cloudFormation(of: Destination, arn: string): Readonly<Record<string, unknown>> {
  const { function: name, windowMs, batchSize, maximumConcurrency, parallelization, report } = lambdaSettings(of);
  return {
    Type: "AWS::Lambda::EventSourceMapping",
    Properties: {
      FunctionName: name,
      EventSourceArn: arn,
      ...(report ? { FunctionResponseTypes: ["ReportBatchItemFailures"] } : {}),
      ...(batchSize === undefined ? {} : { BatchSize: batchSize }),
      ...(windowMs === 0 ? {} : { MaximumBatchingWindowInSeconds: windowMs / SECOND }),
      ...(maximumConcurrency === undefined ? {} : { ScalingConfig: { MaximumConcurrency: maximumConcurrency } }),
      ...(of.model === "stream" ? { StartingPosition: "TRIM_HORIZON", ParallelizationFactor: parallelization } : {}),
    },
  };
}

/** Calls Lambda with a client of its own, made at the first call. The connection's endpoint is that of another service. */
export function lambdaCalls(
  { region, profile }: ConnectionOptions,
  by: string,
  load: () => Promise<Sdk> = () => loadPeer(NAME, by, () => import(NAME)),
): { readonly call: LambdaCall; close(): void } {
  let opening: Promise<{ readonly sdk: Sdk; readonly client: ClientLike }> | undefined;
  const open = async () => {
    const sdk = await load();
    const settings = clientSettings({ region, profile }, handlerSettings(CALL_TIMEOUT_MS));
    return { sdk, client: new sdk["LambdaClient"]!(settings) as ClientLike };
  };
  return {
    call: async (action, input, abortSignal) => {
      const { sdk, client } = await (opening ??= open());
      return client.send(commandOf(sdk, NAME, action, input), { abortSignal });
    },
    close: () => void opening?.then(({ client }) => client.destroy?.()).catch(() => undefined),
  };
}
