/** Deliveries of a queue group member. It receives only a part of the sequence, so it can't detect gaps. */

import type { Deliver } from './outputs.ts'
import { ReceivedMessage } from './ReceivedMessage.ts'
import type { Event } from './Receiver.ts'

export const unchecked = <A>(event: Event<A>): Deliver<A> | undefined => {
  if (event._tag === 'UnsequencedReceived')
    return { _tag: 'Deliver', delivery: event.message, bytes: event.bytes, settled: undefined, epoch: undefined }
  if (event._tag !== 'MessageReceived') return undefined
  const { name, subject, run } = event.origin
  const { number, data, headers, reply, bytes } = event.arrival
  const about = { origin: name, subject, sender: run?.sender }
  const delivery = new ReceivedMessage(about, number, 'Unchecked', data, headers, reply)
  return { _tag: 'Deliver', delivery, bytes, settled: undefined, epoch: undefined }
}
