/** Durations as the `nats` tool writes them: `250ms`, `10m`, `1h30m`. Their value is in ms. */
import * as E from 'fp-ts/lib/Either.js'
import { quoted } from '../core/internal/codec.ts'

/** A text that is not a duration. */
export interface NotADuration {
  readonly _tag: 'NotADuration'
  readonly text: string
}

/** In ms, from the largest to the smallest that `format` uses. */
const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const

const sizes: ReadonlyMap<string, number> = new Map<string, number>([['w', 604_800_000], ...units])

const whole = /^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/
const part = /(\d+(?:\.\d+)?)(ms|[smhdw])/g

/** Parses a duration. The longest is 2^53-1 ms. */
export const parse = (text: string): E.Either<NotADuration, number> => {
  const parts = whole.test(text) ? [...text.matchAll(part)] : []
  const ms = parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (sizes.get(unit) ?? 0), 0)
  const isValid = (parts.length > 0 || text === '0') && ms <= Number.MAX_SAFE_INTEGER
  return isValid ? E.right(ms) : E.left({ _tag: 'NotADuration', text })
}

/** Formats whole milliseconds without loss: `90500` is `1m30s500ms`. */
export const format = (ms: number): string => {
  let rest = ms
  let text = ''
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) text += `${count}${unit}`
  }
  return text === '' ? '0s' : text
}

/** Formats an age for people, with two or three digits: `250ms`, `1.2s`, `3m20s`, `2d4h`. */
export const approximate = (ms: number): string => {
  const rounded = Math.round(ms)
  if (rounded < 1000) return `${rounded}ms`
  if (rounded < 60_000) return `${(Math.floor(rounded / 100) / 10).toFixed(1)}s`
  const step = rounded < 3_600_000 ? 1000 : rounded < 86_400_000 ? 60_000 : 3_600_000
  return format(Math.floor(rounded / step) * step)
}

/** Describes the error in one sentence. */
export const explain = (e: NotADuration): string =>
  `${quoted(e.text)} is not a duration. A duration has a number and a unit (ms, s, m, h, d, w), such as 250ms, 10m or 1h30m.`
