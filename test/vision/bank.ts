/** What the samples take for granted. */
export class CardDeclined extends Error {
  override readonly name = "CardDeclined";
}

export class BankClosed extends Error {
  override readonly name = "BankClosed";
}

export interface Bank {
  charge(
    customerId: string,
    cents: number,
    options: { readonly key: string; readonly signal: AbortSignal },
  ): Promise<void>;
  refund(orderId: string): Promise<void>;
}

/** Fails `failures` times with `error`, then works; `charges` holds the keys of those that worked. */
export function flakyBank(
  failures: number,
  error: Error = new Error("the bank timed out"),
): Bank & { readonly charges: string[] } {
  let left = failures;
  const charges: string[] = [];
  return {
    charges,
    async charge(_customerId, _cents, { key }) {
      if (left > 0) {
        left -= 1;
        throw error;
      }
      charges.push(key);
    },
    async refund() {},
  };
}

export interface Warehouse {
  insert(
    rows: readonly { readonly id: string; readonly at: Date }[],
    signal: AbortSignal,
  ): Promise<readonly { readonly row: number; readonly error: unknown }[]>;
}
