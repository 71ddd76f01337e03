/** A callback of the user's that is only told something: what it throws, or rejects with, is printed and harms nothing. */
export function guarded<T>(name: string, callback: (told: T) => unknown): (told: T) => void {
  const failed = (error: unknown) => console.error(`[switchyard] ${name}() threw`, error);
  return (told) => {
    try {
      const result: unknown = callback(told);
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}
