/**
 * How long a test waits for an event, in ms. Only a failure takes this long, also on a busy machine. The test timeout of jest
 * is longer, so a failed test says what it waited for.
 */
export const longestWait = 60_000
