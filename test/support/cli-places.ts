/** The brokers on which the command line's tests run, with what their configuration reads from the environment. */
import { startAws } from "./aws-emulator.ts";
import { skipped } from "./rabbit.ts";
import { sharedRabbit } from "./rabbit-host.ts";

export interface CliPlace {
  /** The profile. */
  readonly name: string;
  readonly skip: boolean;
  start(): Promise<{ readonly env: Record<string, string>; close(): Promise<void> }>;
}

export const cliPlaces: readonly CliPlace[] = [
  {
    name: "rabbit",
    skip: skipped,
    start: async () => ({ env: { AMQP_URL: (await sharedRabbit()).url }, close: async () => {} }),
  },
  {
    name: "sqs",
    skip: false,
    start: async () => {
      const aws = await startAws();
      return {
        env: { ...aws.env, ...(aws.endpoint === undefined ? {} : { AWS_ENDPOINT: aws.endpoint }) },
        close: () => aws.close(),
      };
    },
  },
];
