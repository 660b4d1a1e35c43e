/** The routing of the fake server: which subscriptions receive a message. */
import { headerBlock } from '../nats/client/headers.ts'
import { copyPayload } from './copyPayload.ts'
import { filterMatcher, isServerFilter } from './filter.ts'
import type { Command, MsgFrame, Publication } from './wire.ts'

interface ServerSubscription {
  readonly sid: number
  readonly queue: string | undefined
  readonly matches: (tokens: ReadonlyArray<string>) => boolean
  max: number | undefined
  delivered: number
}

/** A connection at the server. */
export interface Peer {
  readonly noEcho: boolean
  readonly subscriptions: Map<number, ServerSubscription>
  readonly deliver: (frame: MsgFrame) => void
  readonly pong: () => void
}

export interface Router {
  readonly add: (peer: Peer) => void
  readonly remove: (peer: Peer) => void
  readonly handle: (from: Peer, command: Command) => void
}

interface Recipient {
  readonly peer: Peer
  readonly subscription: ServerSubscription
}

const noResponders = headerBlock('503', [])

export const createRouter = (): Router => {
  const peers = new Set<Peer>()
  let turn = 0

  const isFull = ({ max, delivered }: ServerSubscription): boolean => max !== undefined && delivered >= max

  const deliver = ({ peer, subscription }: Recipient, message: Omit<MsgFrame, '_tag' | 'sid'>): void => {
    subscription.delivered += 1
    if (isFull(subscription)) peer.subscriptions.delete(subscription.sid)
    peer.deliver({ _tag: 'Msg', sid: subscription.sid, ...message })
  }

  const recipientsOf = (subject: string, from: Peer): ReadonlyArray<Recipient> => {
    const tokens = subject.split('.')
    const recipients: Array<Recipient> = []
    const groups = new Map<string, Array<Recipient>>()
    for (const peer of peers) {
      if (peer === from && peer.noEcho) continue
      for (const subscription of peer.subscriptions.values()) {
        if (!subscription.matches(tokens)) continue
        if (subscription.queue === undefined) recipients.push({ peer, subscription })
        else groups.set(subscription.queue, [...(groups.get(subscription.queue) ?? []), { peer, subscription }])
      }
    }
    turn += 1
    // One member of each queue group. Taking turns makes a test repeatable; a server chooses at random.
    return [...recipients, ...[...groups.values()].flatMap(members => members[turn % members.length] ?? [])]
  }

  const publish = (from: Peer, { subject, reply, block, data }: Publication): void => {
    const recipients = recipientsOf(subject, from)
    // A copy for each, as if it had crossed a socket.
    for (const r of recipients) deliver(r, { subject, reply, block, data: copyPayload(data) })
    if (recipients.length > 0 || reply === '') return
    // Nobody has received a request. The server says so to the requester, but never to members of queue groups.
    const tokens = reply.split('.')
    for (const subscription of from.subscriptions.values())
      if (subscription.queue === undefined && subscription.matches(tokens))
        return deliver(
          { peer: from, subscription },
          { subject: reply, reply: '', block: noResponders, data: copyPayload(new Uint8Array(0)) },
        )
  }

  return {
    add: peer => peers.add(peer),
    remove: peer => peers.delete(peer),
    handle: (from, command) => {
      switch (command._tag) {
        case 'Pub':
          return publish(from, command)
        case 'Sub': {
          const { sid, subject, queue } = command
          if (!isServerFilter(subject)) return
          from.subscriptions.set(sid, { sid, queue, matches: filterMatcher(subject), max: undefined, delivered: 0 })
          return
        }
        case 'Unsub': {
          const subscription = from.subscriptions.get(command.sid)
          if (subscription === undefined) return
          subscription.max = command.max
          if (command.max === undefined || isFull(subscription)) from.subscriptions.delete(command.sid)
          return
        }
        case 'Ping':
          return from.pong()
      }
    },
  }
}
