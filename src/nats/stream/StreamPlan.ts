/**
 * What a stream is, what it should be, and the difference.
 *
 * A stream exists with settings of its own: description, placement, republish and others. A plan changes only the
 * settings that sequences need, and keeps the rest as the server reported it.
 */
import * as t from 'io-ts'
import type { Filter } from '../../core/protocol/Subject.ts'
import * as Subject from '../../core/protocol/Subject.ts'
import type { PlanStreamOptions } from './options.ts'

/** The configuration of a stream as the server reports it. It has more fields than these. */
export const StreamConfig = t.intersection([
  t.type({
    retention: t.string,
    storage: t.string,
    discard: t.string,
    max_age: t.number,
    max_bytes: t.number,
    max_msgs: t.number,
    max_msgs_per_subject: t.number,
    num_replicas: t.number,
  }),
  t.partial({
    subjects: t.array(t.string),
    allow_direct: t.boolean,
    discard_new_per_subject: t.boolean,
    duplicate_window: t.number,
    sealed: t.boolean,
    mirror: t.type({ name: t.string }),
  }),
])

export type StreamConfig = t.TypeOf<typeof StreamConfig>

/** The value of a setting, as in the server's configuration: ages are in ns. @since 0.1.0 */
export type SettingValue = string | number | boolean | ReadonlyArray<string> | undefined

/** A setting of a stream that is not as it should be. @since 0.1.0 */
export interface SettingChange {
  /** The server's name of the setting, such as `max_age`. */
  readonly setting: string
  readonly from: SettingValue
  readonly to: SettingValue
}

/**
 * A setting that can't change, and why.
 *
 * - `Fixed`: the server can't change it;
 * - `OtherSubjects`: the stream also captures other subjects, and the setting decides which of their messages it keeps;
 * - `ControlSubjects`: the stream captures heartbeats, requests or answers.
 *
 * @since 0.1.0
 */
export interface Conflict extends SettingChange {
  readonly why: 'Fixed' | 'OtherSubjects' | 'ControlSubjects'
}

/** The settings that sequences need, under the server's names. Ages are in ns, sizes in bytes. @since 0.1.0 */
export interface StreamSettings {
  readonly subjects: ReadonlyArray<string>
  readonly storage: string
  readonly num_replicas: number
  readonly allow_direct: boolean
  readonly max_age: number
  readonly max_bytes: number
  readonly max_msgs: number
  readonly max_msgs_per_subject: number
  readonly discard: string
  readonly discard_new_per_subject: boolean
  /** How long the server remembers message ids. It must not be longer than `max_age`. */
  readonly duplicate_window?: number
}

interface Plan {
  readonly stream: string
  /** The prefix of its API. */
  readonly api: string
  /** The settings as they should be. */
  readonly settings: StreamSettings
  /**
   * Creates or changes the stream. Rejects with a `SequencedError`: `StreamRefused` if the server refuses,
   * `StreamUnavailable` if nobody answers within 5 s, `PlanOutdated` if the stream has changed since the plan,
   * `StreamIncompatible` if the plan is `Incompatible`. Does nothing if the plan is `Unchanged`.
   */
  readonly apply: () => Promise<void>
}

/** What an existing stream holds. */
interface Existing extends Plan {
  readonly messages: number
  readonly bytes: number
}

/** The stream does not exist. @since 0.1.0 */
export interface Create extends Plan {
  readonly _tag: 'Create'
}

/** The stream exists and is as it should be. @since 0.1.0 */
export interface Unchanged extends Existing {
  readonly _tag: 'Unchanged'
}

/** The stream exists, and these settings would change. All others stay. @since 0.1.0 */
export interface Change extends Existing {
  readonly _tag: 'Change'
  readonly changes: ReadonlyArray<SettingChange>
}

/** The stream exists, and these settings can't change. @since 0.1.0 */
export interface Incompatible extends Existing {
  readonly _tag: 'Incompatible'
  /** The subjects that the stream captures now. */
  readonly captured: ReadonlyArray<string>
  readonly conflicts: ReadonlyArray<Conflict>
}

/** What `planStream` would do. @since 0.1.0 */
export type StreamPlan = Create | Unchanged | Change | Incompatible

/** What should be: the options, and the filters that the stream must capture. */
export interface Wanted {
  readonly options: PlanStreamOptions
  readonly captures: ReadonlyArray<Filter>
  /** Subjects that the stream must not capture. */
  readonly control: ReadonlyArray<Filter>
}

const nsPerMs = 1_000_000

const defaults = { maxAge: 600_000, maxBytes: 512 * 1024 * 1024, maxMessages: 1_000_000 }

const fenced = { max_msgs_per_subject: 1, discard: 'new', discard_new_per_subject: true }

/** Below 1 there is no limit. */
const limit = (wanted: number | undefined, actual: number | undefined, otherwise: number): number =>
  wanted ?? (actual !== undefined && actual > 0 ? actual : otherwise)

/** The filters that the stream should capture: those that are missing replace those that they cover. */
const mergedSubjects = (actual: ReadonlyArray<string>, captures: ReadonlyArray<Filter>): ReadonlyArray<string> => {
  const filters = actual.filter(Subject.isFilter)
  const missing = captures.filter(c => !filters.some(f => Subject.covers(f)(c)))
  return [...filters.filter(f => !missing.some(m => Subject.covers(m)(f))), ...missing]
}

/** The settings as they should be, with regard to those that exist. */
export const settingsFor = ({ options, captures }: Wanted, actual?: StreamConfig): StreamSettings => {
  const maxAge = options.maxAge === undefined ? undefined : Math.ceil(options.maxAge * nsPerMs)
  const max_age = limit(maxAge, actual?.max_age, defaults.maxAge * nsPerMs)
  const window = actual?.duplicate_window
  return {
    subjects: mergedSubjects(actual?.subjects ?? [], captures),
    storage: options.storage ?? actual?.storage ?? 'file',
    num_replicas: options.replicas ?? actual?.num_replicas ?? 1,
    allow_direct: true,
    max_age,
    max_bytes: limit(options.maxBytes, actual?.max_bytes, defaults.maxBytes),
    max_msgs: limit(options.maxMessages, actual?.max_msgs, defaults.maxMessages),
    ...(options.fence === false
      ? { max_msgs_per_subject: actual?.max_msgs_per_subject ?? -1, discard: 'old', discard_new_per_subject: false }
      : fenced),
    ...(window === undefined ? {} : { duplicate_window: Math.min(window, max_age) }),
  }
}

const keys: ReadonlyArray<keyof StreamSettings> = [
  'subjects',
  'storage',
  'num_replicas',
  'allow_direct',
  'max_age',
  'max_bytes',
  'max_msgs',
  'max_msgs_per_subject',
  'discard',
  'discard_new_per_subject',
  'duplicate_window',
]

/** The settings that differ. A server omits a setting that is false. */
export const changesOf = (actual: StreamConfig, settings: StreamSettings): ReadonlyArray<SettingChange> => {
  const now: StreamSettings = { subjects: [], allow_direct: false, discard_new_per_subject: false, ...actual }
  return keys.flatMap(setting => {
    const [from, to] = [now[setting], settings[setting]]
    return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ setting, from, to }]
  })
}

/** These settings apply to all subjects of a stream, and decide which messages it keeps. */
const deciding: ReadonlyArray<string> = [
  'max_age',
  'max_bytes',
  'max_msgs',
  'max_msgs_per_subject',
  'discard',
  'discard_new_per_subject',
]

/** The settings that can't change, and why. */
export const conflictsOf = (
  { captures, control }: Wanted,
  actual: StreamConfig,
  changes: ReadonlyArray<SettingChange>,
): ReadonlyArray<Conflict> => {
  const { subjects = [], retention, mirror, sealed = false } = actual
  const filters = subjects.filter(Subject.isFilter)
  const isShared = filters.some(f => !captures.some(c => Subject.covers(c)(f)))
  const capturesControl = filters.some(f => control.some(Subject.overlaps(f)))
  const fixed: ReadonlyArray<SettingChange & { readonly isRight: boolean }> = [
    { setting: 'mirror', from: mirror?.name, to: undefined, isRight: mirror === undefined },
    { setting: 'sealed', from: sealed, to: false, isRight: !sealed },
    { setting: 'retention', from: retention, to: 'limits', isRight: retention === 'limits' },
  ]
  return [
    ...fixed.flatMap(({ isRight, ...change }) => (isRight ? [] : [{ ...change, why: 'Fixed' as const }])),
    ...(capturesControl
      ? [{ setting: 'subjects', from: subjects, to: captures, why: 'ControlSubjects' as const }]
      : []),
    ...changes.flatMap((change): ReadonlyArray<Conflict> => {
      if (change.setting === 'storage') return [{ ...change, why: 'Fixed' }]
      return isShared && deciding.includes(change.setting) ? [{ ...change, why: 'OtherSubjects' }] : []
    }),
  ]
}
