/**
 * The maximum time that a test waits for an event, in ms. It is long enough for a busy machine. The timeout of jest is
 * longer, so a failed test reports what it waited for.
 */
export const longestWait = 60_000
