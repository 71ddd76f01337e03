/** The services of order-fanout as a function whose books are also written to the file BOOKS, a line each. */
import { appendFileSync } from "node:fs";
import { Books } from "../../../examples/order-fanout/src/books.ts";
import { functionOf } from "../../../examples/order-fanout/src/services.lambda.ts";

const env = process.env as Record<string, string>;

class WrittenBooks extends Books {
  override note(...entry: Parameters<Books["note"]>): void {
    super.note(...entry);
    appendFileSync(env["BOOKS"]!, `${JSON.stringify(entry)}\n`);
  }
}

export const handler = functionOf(new WrittenBooks(), env["CONFIG_FILE"]!);
