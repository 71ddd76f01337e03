/**
 * How a changeset becomes an entry of a changelog: its text and nothing else. All packages carry one version, so that the lines on
 * updated dependencies of the usual generator would say nothing.
 */
export default {
  getReleaseLine: async ({ summary }) => {
    const [first = "", ...rest] = summary.trim().split("\n");
    return [`- ${first}`, ...rest.map((line) => (line === "" ? "" : `  ${line}`))].join("\n");
  },
  getDependencyReleaseLine: async () => "",
};
