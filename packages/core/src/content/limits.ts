/** The largest body that is fetched, decrypted or inflated, in bytes: 64 MiB. It is handled whole, so it must fit into memory. */
export const MOST_BYTES = 64 * 1_024 * 1_024;
