/** The pipeline's interfaces, for packages that add a step: `@switchyard/core/pipeline`. */
export type { Attributes, Claim, Coding, Content, Reading, Step, Writing } from "./content.ts";
export type {
  Cipher,
  CipherOptions,
  ClaimCall,
  ClaimCheck,
  ClaimCheckExtension,
  ClaimRights,
  ClaimTopology,
  ClaimUse,
  Extension,
  ExtensionContext,
  Keys,
  KeysCall,
  KeysExtension,
  KeysRights,
} from "./extension.ts";
