import { describe, test } from "@jest/globals";
import { suite } from "./suite.mjs";

suite({ describe, test });
