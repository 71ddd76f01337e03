/** Every verb by its name. Its code is loaded when it is called. */
import type { Verb } from "../command.ts";

interface Entry {
  readonly about: string;
  load(): Promise<Verb>;
}

export const VERBS: Readonly<Record<string, Entry>> = {
  explain: {
    about: "what would run: channels, brokers, policies",
    load: async () => (await import("./explain.ts")).explain,
  },
  doctor: { about: "what would fail, and what to change", load: async () => (await import("./doctor.ts")).doctor },
  lag: { about: "the backlog of each group", load: async () => (await import("./lag.ts")).lag },
  tail: { about: "messages as they pass", load: async () => (await import("./tail.ts")).tail },
  leases: { about: "who reads which partition", load: async () => (await import("./leases.ts")).leases },
  plan: { about: "what the brokers lack", load: async () => (await import("./plan.ts")).plan },
  apply: { about: "make what the brokers lack", load: async () => (await import("./apply.ts")).apply },
  publish: { about: "publish messages", load: async () => (await import("./publish.ts")).publish },
  replay: { about: "move a stream group to another position", load: async () => (await import("./replay.ts")).replay },
  "dead count": { about: "how many dead letters there are", load: async () => (await import("./dead-look.ts")).count },
  "dead list": { about: "dead letters, one a line", load: async () => (await import("./dead-look.ts")).list },
  "dead show": { about: "one dead letter", load: async () => (await import("./dead-look.ts")).show },
  "dead group": { about: "dead letters by cause", load: async () => (await import("./dead-look.ts")).group },
  "dead redrive": { about: "send dead letters back", load: async () => (await import("./dead-redrive.ts")).redrive },
  "dead purge": { about: "delete dead letters", load: async () => (await import("./dead-purge.ts")).purge },
  "dead edit": { about: "send one with changes", load: async () => (await import("./dead-edit.ts")).edit },
  "dead export": { about: "dead letters to a file", load: async () => (await import("./dead-files.ts")).exportLetters },
  "dead import": {
    about: "dead letters from a file",
    load: async () => (await import("./dead-files.ts")).importLetters,
  },
  policy: { about: "the rights that the service needs", load: async () => (await import("./policy.ts")).policy },
  asyncapi: {
    about: "the channels as an AsyncAPI document",
    load: async () => (await import("./asyncapi.ts")).asyncapi,
  },
  emit: { about: "the resources as files for other tools", load: async () => (await import("./emit.ts")).emit },
  diagram: { about: "the channels as a Mermaid diagram", load: async () => (await import("./diagram.ts")).diagram },
};
