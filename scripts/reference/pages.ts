/** The generated pages of the reference, and the pages with a generated part, by path from the root. */
import { apiPage } from "./api.ts";
import { configurationPage } from "./configuration.ts";
import { environmentPage } from "./environment.ts";
import { errorsPage } from "./errors.ts";
import { eventsPage } from "./events.ts";
import { nativePages } from "./native.ts";

export interface Page {
  readonly path: string;
  readonly text: string;
}

export function referencePages(): readonly Page[] {
  return [
    { path: "docs/reference/api.md", text: apiPage() },
    { path: "docs/reference/configuration.md", text: configurationPage() },
    { path: "docs/reference/events.md", text: eventsPage() },
    { path: "docs/reference/errors.md", text: errorsPage() },
    { path: "docs/reference/environment.md", text: environmentPage() },
    ...nativePages(),
  ];
}
