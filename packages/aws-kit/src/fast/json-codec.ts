import type { NativeBody } from "./body-codecs.ts";
import type { Shape } from "./shape.ts";

/** Reads an answer of this shape; undefined: it is the SDK's to read, or to refuse. */
export const jsonAnswer =
  (answered: Shape) =>
  (body: string): object | undefined => {
    try {
      const said: unknown = JSON.parse(body);
      return answered(said) ? (said as object) : undefined;
    } catch {
      return undefined;
    }
  };

/** A body in the protocols of JSON, where what is asked and what is answered have these shapes. */
export const jsonBody = (asked: Shape, answered: Shape): NativeBody => ({
  write: (input, empty) => (empty === "{}" && asked(input) ? JSON.stringify(input) : undefined),
  read: jsonAnswer(answered),
});
