/** An error, then its cause, then the cause of that, and so on. Each object comes once, so a circle of causes ends. */
export function* causesOf(error: unknown): Generator<object> {
  const seen = new Set<object>();
  for (let each = error; typeof each === "object" && each !== null && !seen.has(each); ) {
    seen.add(each);
    yield each;
    each = (each as { readonly cause?: unknown }).cause;
  }
}
