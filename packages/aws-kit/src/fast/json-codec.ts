import type { BodyCodec } from "./body-codecs.ts";
import type { Shape } from "./shape.ts";

/** Reads a JSON response of this shape. Anything else is left to the SDK. */
export const jsonReader =
  (output: Shape) =>
  (body: string): object | undefined => {
    try {
      const value: unknown = JSON.parse(body);
      return output(value) ? (value as object) : undefined;
    } catch {
      return undefined;
    }
  };

/** For the SDK's JSON protocols: writes inputs and reads outputs of these shapes. */
export const jsonCodec = (input: Shape, output: Shape): BodyCodec => ({
  write: (given, empty) => (empty === "{}" && input(given) ? JSON.stringify(given) : undefined),
  read: jsonReader(output),
});
