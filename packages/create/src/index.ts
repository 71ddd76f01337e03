/** What `npm create @switchyard` does, as a function. */
export { create } from "./create.ts";
