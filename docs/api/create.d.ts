// @switchyard/create: index.d.ts

// create.d.ts
export declare function create(folder: string): readonly string[];

// index.d.ts
export { create } from "./create.ts";
