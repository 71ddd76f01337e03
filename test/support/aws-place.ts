/** Which AWS tests and the contract suite speak to: emulators in this process, or what the environment names. */

export interface Place {
  /** Undefined: the region's own. */
  readonly endpoint: string | undefined;
  /** AWS itself, with its scale and its waits. False: an emulator that is not ours. */
  readonly real: boolean;
  /** What it is, for people. */
  readonly what: string;
}

/** Hosts of AWS, in every partition. */
const AWS_HOST =
  /(^|\.)(amazonaws\.com(\.cn)?|amazonaws\.eu|api\.aws|api\.amazonwebservices\.com\.cn|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$/;

/**
 * What the environment names for a service (`AWS_ENDPOINT_URL_SQS`, `AWS_ENDPOINT_URL`, `SWITCHYARD_AWS=real`), or undefined: our own
 * emulator. An endpoint that is no host of AWS is taken for an emulator; where it leads to AWS (a proxy), `SWITCHYARD_AWS=real` says so.
 */
export function outsideAws(
  service?: "sqs" | "sns" | "kinesis",
  env: NodeJS.ProcessEnv = process.env,
): Place | undefined {
  const services = service === undefined ? ["sqs", "sns", "kinesis"] : [service];
  const names = [...services.map((each) => `AWS_ENDPOINT_URL_${each.toUpperCase()}`), "AWS_ENDPOINT_URL"];
  const endpoint = names.map((name) => env[name]).find((value) => value !== undefined && value !== "");
  const said = env["SWITCHYARD_AWS"];
  if (endpoint === undefined) return said === "real" ? { endpoint, real: true, what: "AWS" } : undefined;
  const real = said === "real" || AWS_HOST.test(URL.parse(endpoint)?.hostname ?? "");
  const kind = real ? "AWS" : "an emulator (SWITCHYARD_AWS=real if it is AWS)";
  return { endpoint, real, what: `${endpoint}, taken for ${kind}` };
}

/** Rejects, with what to set, where the SDK finds no credentials: every case would fail with less to go by. */
export async function needCredentials(
  client: { readonly config: { credentials(): Promise<unknown> } },
  { what, real }: Place,
): Promise<void> {
  try {
    await client.config.credentials();
  } catch (cause) {
    const any = real ? "" : "; an emulator takes any value";
    throw new Error(
      `no credentials for ${what}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE${any}. ${(cause as Error).message}`,
      { cause },
    );
  }
}
