// Heads as docs/protocol.md says, written a second time, without a line of src.

export interface Head {
  readonly v: 1
  readonly epoch: string
  readonly start: number
  readonly first: number
  readonly head: number
  readonly age?: number
  readonly after: number
  readonly max: number
  readonly state: 'live' | 'ended'
}

const isInteger = (u: unknown, least: number, most: number): u is number =>
  typeof u === 'number' && Number.isInteger(u) && u >= least && u <= most
const isTime = (u: unknown): u is number => typeof u === 'number' && Number.isFinite(u) && u >= 0
const isEpoch = (u: unknown): u is string => typeof u === 'string' && /^@[0-9a-z]{10}$/.test(u)

const parseJson = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** H1, H2: `undefined` if a receiver ignores the body. */
export const parseHead = (body: string): Head | undefined => {
  const u = body.length > 4096 ? undefined : parseJson(body)
  if (typeof u !== 'object' || u === null || Array.isArray(u)) return undefined
  const { v, epoch, start, first, head, age, after, max, state, prev }: Record<string, unknown> = { ...u }
  const isWhole =
    v === 1 &&
    isEpoch(epoch) &&
    isInteger(start, 1, 2 ** 53 - 1) &&
    isInteger(head, start - 1, 2 ** 53 - 1) &&
    isInteger(first, start, head + 1) &&
    isTime(after) &&
    isTime(max) &&
    (state === 'live' || state === 'ended') &&
    (prev === undefined || isEpoch(prev))
  if (!isWhole) return undefined
  const known = { v, epoch, start, first, head, after, max, state } as const
  if (age === undefined) return known
  return isTime(age) ? { ...known, age } : undefined
}
