/** Code of the measurement's own around each publish and each handler. */
export interface ByHand {
  publish(index: number): { readonly headers: Record<string, string>; readonly confirmed: () => void };
  handle(headers: Record<string, unknown>, call: () => void): void;
}
