/** The adapters' readers on 20,000 mutated samples each. `npm run fuzz` gives them a million (docs/hostile-input.md). */
import { test } from "vitest";
import { adapterDecoders } from "../support/fuzz/decoders.ts";
import { INPUTS, SEED } from "../support/fuzz.ts";
import { fuzzDecoder } from "../support/fuzz/run.ts";

test.each(adapterDecoders)("$name", { timeout: 300_000 }, (decoder) => {
  fuzzDecoder(decoder, Math.ceil(INPUTS * (decoder.share ?? 1)), SEED);
});
