/** The options of `sequenced`, and how they divide into those of its publishers and its receivers. */
import * as t from 'io-ts'
import type { Addressing } from '../core/protocol/Origin.ts'
import { check, handler, option } from '../nats/options.ts'
import { publisherOptions } from '../nats/publish/options.ts'
import type { PublisherOptions } from '../nats/publish/types.ts'
import { receiveOptions } from '../nats/receive/options.ts'
import type { ReceiveOptions } from '../nats/receive/types.ts'
import type { Notice } from './Notice.ts'

/**
 * The options of `sequenced`. Only `subjects` is required. The others are as in `publisher` and `subscribe`.
 *
 * @since 0.1.0
 */
export interface SequencedOptions extends PublisherOptions, Omit<ReceiveOptions, 'start' | 'acceptUnnumbered'> {
  /**
   * The form of the data subjects. `single`: `updates.<n>`, if this is the only sender of these subjects. `perSender`:
   * `updates.<sender>.<epoch>.<n>`, for subjects with several senders. Default `single`.
   */
  readonly addressing?: Addressing
  /** The first tokens of the subjects of heartbeats and requests, at most 64 bytes. Default `_SEQ`. */
  readonly prefix?: string
  /**
   * The numbered subjects: subjects, or filters such as `prices.*` and `prices.>`, but not `>` alone. At least one. The
   * wrapper does not touch other subjects.
   */
  readonly subjects: ReadonlyArray<string>
  /**
   * Takes every numeric last token for a sequence number, even if its sender sends no heartbeats and answers no head
   * requests. Use it for senders that number their messages by hand. Only for `single`: in `perSender` the epoch
   * identifies a numbered message. Default false.
   */
  readonly assumeNumbered?: boolean
  /**
   * Receives notices: gaps, losses, restarts, conflicts … Without it, and while nobody reads `notices(nc)`, a notice of
   * loss, conflict or refusal becomes a process warning.
   */
  readonly onNotice?: (notice: Notice) => void
  /**
   * Also passes each loss to the callbacks of subscriptions, as a `SequencedError` instead of a message. Default false:
   * callbacks receive messages, and errors of the client.
   */
  readonly lossAsError?: boolean
  /**
   * Permits subscriptions in a queue group. Their members receive the messages with their numbers, but loss goes
   * unnoticed, because each member receives a part of the sequence. Default false: such subscriptions are refused.
   */
  readonly queueGroups?: boolean
}

const { start, acceptUnnumbered, ...wrapperReceiveOptions } = receiveOptions

const subjectList = option(
  'a list of subjects, at least one',
  (u): u is ReadonlyArray<string> => t.array(t.string).is(u) && u.length > 0,
)

const checkKnownOptions = check('sequenced', {
  ...wrapperReceiveOptions,
  ...publisherOptions,
  subjects: subjectList,
  assumeNumbered: t.boolean,
  onNotice: handler,
  lossAsError: t.boolean,
  queueGroups: t.boolean,
})

/** Throws a `SequencedError` for an option that is unknown, missing or not valid. */
export const checkOptions = (options: SequencedOptions): void =>
  checkKnownOptions({ ...options, subjects: options.subjects ?? [] })

export const publisherOptionsOf = ({
  subjects,
  onNotice,
  lossAsError,
  queueGroups,
  assumeNumbered,
  verify,
  replayer,
  mode,
  gapTimeout,
  heartbeatGrace,
  requestTimeout,
  requestAttempts,
  maxJump,
  maxMessages,
  maxBytes,
  maxGaps,
  maxOrigins,
  ...options
}: SequencedOptions): PublisherOptions => options

export const receiveOptionsOf = ({
  subjects,
  onNotice,
  lossAsError,
  queueGroups,
  assumeNumbered,
  sender,
  from,
  history,
  heartbeatDelay,
  maxHeartbeatInterval,
  inboxes,
  sign,
  ...options
}: SequencedOptions): ReceiveOptions => options
