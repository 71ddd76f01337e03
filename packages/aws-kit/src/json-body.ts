import type { NativeBody } from "./native-bodies.ts";
import type { Shape } from "./shape.ts";

/** A body in the protocols of JSON, where what is asked and what is answered have these shapes. */
export const jsonBody = (asked: Shape, answered: Shape): NativeBody => ({
  write: (input, empty) => (empty === "{}" && asked(input) ? JSON.stringify(input) : undefined),
  read: (body) => {
    try {
      const said: unknown = JSON.parse(body);
      return answered(said) ? (said as object) : undefined;
    } catch {
      return undefined;
    }
  },
});
