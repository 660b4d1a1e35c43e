/** The options of `nc.publish`: options that are not set are absent, because the clients reject `undefined`. */
import type { PublishOptions } from './Connection.ts'

export const toPublishOptions = (reply: string | undefined, headers: PublishOptions['headers']): PublishOptions => ({
  ...(reply === undefined ? {} : { reply }),
  ...(headers === undefined ? {} : { headers }),
})
