/** Sentences for the plan of a stream. */
import type { Change, Conflict, SettingChange, SettingValue, StreamPlan, StreamSettings } from './StreamPlan.ts'

const count = (n: number): string => n.toLocaleString('en-US')

/** A number in the largest unit that leaves no fraction. The last unit is 1. */
const inUnits =
  (...units: ReadonlyArray<readonly [string, number]>) =>
  (n: number): string => {
    const [name, size] = units.find(([, size]) => n >= size && n % size === 0) ?? units.at(-1) ?? ['', 1]
    return `${count(n / size)} ${name}`
  }

const ms = 1_000_000

const duration = inUnits(['h', 3_600_000 * ms], ['min', 60_000 * ms], ['s', 1000 * ms], ['ms', ms], ['ns', 1])

const size = inUnits(['GiB', 2 ** 30], ['MiB', 2 ** 20], ['KiB', 2 ** 10], ['bytes', 1])

const value = (setting: string, v: SettingValue): string => {
  if (v === undefined) return 'none'
  if (typeof v === 'object') return v.length === 0 ? 'none' : v.join(' ')
  if (typeof v !== 'number') return String(v)
  if (v <= 0) return 'unlimited'
  if (setting === 'max_age' || setting === 'duplicate_window') return duration(v)
  return setting === 'max_bytes' ? size(v) : count(v)
}

const whenFull = ({ discard }: StreamSettings): string =>
  discard === 'new'
    ? 'The server refuses a second message of a number. While the stream is full, it also refuses new messages, until old ones reach max_age.'
    : 'While the stream is full, the server deletes its oldest messages.'

const content = ({ messages, bytes }: Pick<Change, 'messages' | 'bytes'>, { max_msgs, max_bytes }: StreamSettings) =>
  `It holds ${count(messages)} messages of at most ${count(max_msgs)}, and ${size(bytes)} of at most ${size(max_bytes)}.`

const isLimit = (setting: string): boolean => setting.startsWith('max_')

/** Is the new limit lower? Below 1 there is no limit. */
const isLowered = ({ setting, from, to }: SettingChange): boolean =>
  isLimit(setting) && typeof from === 'number' && typeof to === 'number' && to > 0 && (from <= 0 || to < from)

const change = ({ setting, from, to }: SettingChange): string =>
  `${setting} from ${value(setting, from)} to ${value(setting, to)}`

const whys: Record<Conflict['why'], string> = {
  Fixed: "the server can't change it",
  OtherSubjects: 'it would also apply to other subjects in the stream',
  ControlSubjects: 'the stream captures heartbeats, requests or answers',
}

const conflict = ({ setting, from, to, why }: Conflict): string =>
  `${setting} is ${value(setting, from)} and should be ${value(setting, to)} (${whys[why]})`

/** Explains what a plan would do, and what that means for the messages. */
export const explainStreamPlan = (plan: StreamPlan): string => {
  const { stream, settings } = plan
  switch (plan._tag) {
    case 'Create': {
      const all = Object.entries(settings).map(([setting, v]) => `${setting} ${value(setting, v)}`)
      return `The stream ${stream} does not exist. It will be created: ${all.join(', ')}. ${whenFull(settings)}`
    }
    case 'Unchanged':
      return `The stream ${stream} needs no change. ${content(plan, settings)} ${whenFull(settings)}`
    case 'Change': {
      const deletes = plan.changes.some(isLowered) ? ' The server deletes messages beyond the new limits.' : ''
      return `The stream ${stream} will change: ${plan.changes.map(change).join(', ')}.${deletes} ${content(plan, settings)} ${whenFull(settings)}`
    }
    case 'Incompatible':
      return `The stream ${stream}, which captures ${value('subjects', plan.captured)}, can't serve these subjects: ${plan.conflicts.map(conflict).join('; ')}. Plan a stream with another name, and first remove the subjects from this one.`
  }
}
