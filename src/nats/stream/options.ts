/** The options of `planStream`, and the subjects that its stream captures. */
import * as t from 'io-ts'
import * as Address from '../../core/protocol/Address.ts'
import type { Addressing } from '../../core/protocol/Origin.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import type { StreamOptions } from '../client/streamApi.ts'
import { streamOptions } from '../client/streamApi.ts'
import type { CapturesControl } from '../errors.ts'
import { orThrow, sequencedError } from '../errors.ts'
import { check, checkSubject, option, sharedOptions } from '../options.ts'

/**
 * The options of `planStream`. Only `subjects` is required.
 *
 * An option that is not set leaves an existing stream as it is, with two exceptions: `fence`, and a limit that the
 * stream lacks. For these the default applies.
 *
 * @since 0.1.0
 */
export interface PlanStreamOptions extends StreamOptions {
  /** The subjects of the publishers, such as `['updates', 'prices.>']`. The stream captures the numbered ones. */
  readonly subjects: ReadonlyArray<string>
  /** The addressing of the publishers. Default `'single'`. */
  readonly addressing?: Addressing
  /**
   * Whether the server refuses a message whose number is already in the stream: the first message of a number stays.
   * Then a full stream also refuses new messages, until `maxAge` removes old ones. Without the fence, the newest
   * message of a number is served, and a full stream deletes its oldest messages. Default true.
   */
  readonly fence?: boolean
  /** The age at which the server deletes a message, in ms: above 0, at most 292 years. Default 600,000 (10 minutes). */
  readonly maxAge?: number
  /** The limit of the stream's size, in bytes, subjects and headers included. Default 536,870,912 (512 MiB). */
  readonly maxBytes?: number
  /** The limit of messages. Each costs the server memory, even in file storage. Default 1,000,000. */
  readonly maxMessages?: number
  /** Where the server keeps the messages. An existing stream can't change it. Default `'file'`. */
  readonly storage?: 'file' | 'memory'
  /** How many servers of a cluster keep the messages, 1 to 5. Default 1. */
  readonly replicas?: number
  /** The prefix of heartbeats and requests, which the stream must not capture. At most 64 bytes. Default `_SEQ`. */
  readonly prefix?: string
}

/** The longest age of the server, in ms: it counts nanoseconds in 63 bits. */
const longestAge = 9_223_372_036_854

const count = option(
  'an integer from 1 to 2^53-1',
  (u): u is number => typeof u === 'number' && Number.isSafeInteger(u) && u > 0,
)

export const checkPlanOptions = check('planStream', {
  ...sharedOptions,
  ...streamOptions,
  subjects: option(
    'a list of at least one subject',
    (u): u is ReadonlyArray<unknown> => Array.isArray(u) && u.length > 0,
  ),
  fence: t.boolean,
  maxAge: option(
    'a number of ms above 0, at most 292 years',
    (u): u is number => typeof u === 'number' && u > 0 && u <= longestAge,
  ),
  maxBytes: count,
  maxMessages: count,
  storage: t.keyof({ file: null, memory: null }),
  replicas: option(
    'an integer from 1 to 5',
    (u): u is number => typeof u === 'number' && Number.isInteger(u) && u >= 1 && u <= 5,
  ),
})

const capturesControl = (subject: string, captured: string, control: string): CapturesControl => ({
  _tag: 'CapturesControl',
  subject,
  captured,
  control,
})

/**
 * The filters that match the numbered subjects, without those that another one covers.
 *
 * @param control subjects that never carry data, such as `_SEQ.>`
 */
export const captures = (
  { subjects, addressing = 'single' }: PlanStreamOptions,
  control: ReadonlyArray<Subject.Filter>,
): ReadonlyArray<Subject.Filter> => {
  const all = subjects.map(subject => {
    checkSubject(subject)
    const filter = orThrow(Subject.explain)(Subject.parseFilter(subject))
    const captured = orThrow(Subject.explain)(Subject.parseFilter(Address.filter(addressing)(filter)))
    const hit = control.find(Subject.overlaps(captured))
    if (hit !== undefined)
      throw sequencedError(
        `The subject ${subject} would make the stream capture ${captured}, which also matches ${hit}: requests and answers, not data. Name the first token of the subject, such as 'prices.>'.`,
        capturesControl(subject, captured, hit),
      )
    return captured
  })
  return all.filter((a, i) => !all.some((b, j) => (a === b ? j < i : Subject.covers(b)(a))))
}
