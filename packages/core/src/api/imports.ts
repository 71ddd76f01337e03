/** What a configuration may import, for tools that find one which they cannot trust to name code. */
export interface Imports {
  /** The folder from which packages are looked for. */
  readonly from: string;
  /** The packages that may be imported. A file never is. */
  readonly packages: readonly string[];
}
