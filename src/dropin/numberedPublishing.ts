/**
 * The publishing side of a wrapped connection: numbers the messages of its subjects, and passes all others to the
 * client.
 */
import type { Headers } from '../core/protocol/Headers.ts'
import { isSequencedError, sequencedError } from '../nats/errors.ts'
import type { OpenPublishers } from '../nats/publish/multiPublisher.ts'
import { openPublishers } from '../nats/publish/multiPublisher.ts'
import type { PublisherOptions, SenderNotice } from '../nats/publish/types.ts'
import type { Client } from './Client.ts'
import type { ClientPublishOptions, PublishFunction } from './SequencedMsg.ts'
import type { SubjectFilters } from './subjectFilters.ts'

/** A message to publish, of either client. */
interface MsgToPublish {
  readonly subject: string
  readonly data?: Uint8Array
  readonly reply?: string
  readonly headers?: Headers
}

interface NumberedPublishingOptions {
  readonly nc: Client
  /** The client for messages that are not numbered: after `close()`, one that refuses them. */
  readonly client: () => Client
  readonly hasEnded: () => boolean
  /** The client's own error for a call after `drain()` or `close()`, if any. */
  readonly clientError: () => unknown
  readonly subjects: SubjectFilters
  readonly options: PublisherOptions
  readonly report: (notice: SenderNotice) => void
}

export interface NumberedPublishing {
  readonly publish: PublishFunction
  readonly publishMessage: (msg: MsgToPublish) => void
  readonly flush: () => Promise<void>
  /** The publishers that were used so far. */
  readonly publishers: () => ReadonlyArray<OpenPublishers>
}

/** Reasons that the client checks too, before it sends anything. Its own error is thrown for them. */
const isCheckedByClient = (tag: string): boolean => tag === 'PayloadTooLarge' || tag === 'BadHeaders'

const isPayload = (u: unknown): boolean => u === undefined || typeof u === 'string' || u instanceof Uint8Array

export const createNumberedPublishing = ({
  nc,
  client,
  hasEnded,
  clientError,
  subjects,
  options,
  report,
}: NumberedPublishingOptions): NumberedPublishing => {
  /** One publisher for each filter, created by the first message. */
  const publishersByFilter = new Map<number, OpenPublishers>()

  const publisherOf = (index: number): OpenPublishers | undefined => {
    const filter = subjects.filters[index]
    if (filter === undefined) return undefined
    const existing = publishersByFilter.get(index)
    if (existing !== undefined) return existing
    const created = openPublishers(nc, filter, options, { report, end: () => undefined })
    publishersByFilter.set(index, created)
    return created
  }

  /** The publisher of a message; `undefined` if it is not numbered, or if the client is to refuse it. */
  const publisherFor = (subject: string, payload: unknown): OpenPublishers | undefined =>
    isPayload(payload) && !hasEnded() ? publisherOf(subjects.indexOf(subject)) : undefined

  const send = (
    publisher: OpenPublishers,
    subject: string,
    payload: Uint8Array | string | undefined,
    settings: ClientPublishOptions | undefined,
  ): void => {
    if (settings?.traceDestination !== undefined || settings?.traceOnly !== undefined)
      throw sequencedError(`Tracing is not supported on the numbered subject ${subject}: use the plain connection.`, {
        _tag: 'BadOption',
        option: 'traceDestination',
        value: settings.traceDestination,
      })
    // The clients accept null as well as undefined.
    const reply = settings?.reply ?? ''
    const headers = settings?.headers ?? undefined
    try {
      publisher.publish(subject, payload, headers === undefined ? { reply } : { reply, headers })
    } catch (e) {
      if (!isSequencedError(e)) throw e
      if (isCheckedByClient(e.reason._tag)) nc.publish(subject, payload, { ...settings })
      throw e.reason._tag === 'Closed' ? (clientError() ?? e) : e
    }
  }

  return {
    publish: (subject, payload, settings) => {
      const publisher = publisherFor(subject, payload)
      if (publisher === undefined) client().publish(subject, payload, settings)
      else send(publisher, subject, payload, settings)
    },
    publishMessage: msg => {
      const publisher = publisherFor(msg.subject, msg.data)
      if (publisher === undefined) client().publishMessage(msg)
      else send(publisher, msg.subject, msg.data, msg)
    },
    /** A flush of the application also confirms the messages of the publishers. They share one confirmation. */
    flush: async () => {
      const [publisher] = publishersByFilter.values()
      await Promise.all([client().flush(), publisher?.confirm()])
    },
    publishers: () => [...publishersByFilter.values()],
  }
}
