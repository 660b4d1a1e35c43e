/** The options of `nc.publish`: options that are not set are absent, because the clients reject `undefined`. */
import type { PublishOptions } from './Connection.ts'

export const toPublishOptions = (reply: string | undefined, headers: PublishOptions['headers']): PublishOptions => {
  // No spread: this runs for every message.
  if (reply === undefined) return headers === undefined ? {} : { headers }
  return headers === undefined ? { reply } : { reply, headers }
}
