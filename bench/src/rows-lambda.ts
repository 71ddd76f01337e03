import { by, SHORT, type Row } from "./row.ts";

const PEER = "@aws-lambda-powertools/batch, by hand";

export const lambda: readonly Row[] = [
  {
    id: "lambda",
    title: "Lambda, an invocation with ten messages, zod, nothing called",
    contenders: [by("switchyard", "lambda", "ours"), by(PEER, "lambda", "powertools")],
    targets: [
      { metric: "cpu", of: "switchyard", atMost: 50, unit: "ms of CPU for 1,000 messages" },
      { metric: "cpu", of: "switchyard", against: PEER, atMost: 8 },
    ],
    ...SHORT,
  },
  {
    id: "lambda-cold",
    title:
      "Lambda, a bundle loaded in a new process until its first event is answered; its size compressed, SDK included",
    contenders: [by("switchyard", "lambda-cold", "ours"), by(PEER, "lambda-cold", "powertools")],
    targets: [
      { metric: "milliseconds", of: "switchyard", atMost: 500, unit: "ms" },
      { metric: "kilobytes", of: "switchyard", atMost: 450, unit: "KB" },
      { metric: "milliseconds", of: "switchyard", against: PEER, atMost: 5 },
      { metric: "kilobytes", of: "switchyard", against: PEER, atMost: 5 },
    ],
    rounds: { full: 5, quick: 2 },
    warmup: 1,
  },
];
