// The answers to replay requests, written a second time, without a line of src: what a sender sends, and what a
// receiver takes from it.
import { parseNumber } from './subjects.ts'

export type Fields = ReadonlyArray<readonly [string, string]>

/** A message on the wire. `status` is the text after `NATS/1.0`. The payload is base64. */
export interface Wire {
  readonly status?: string
  readonly headers: Fields
  readonly payload: string
}

/** A message of the application. */
export interface Content {
  readonly number: number
  readonly headers: Fields
  readonly reply: string
  readonly payload: string
}

/** A sender, and the messages that it still holds, in ascending order. */
export interface Sending {
  readonly origin: string
  readonly epoch: string
  readonly isSingle: boolean
  readonly head: number
  readonly history: ReadonlyArray<Content>
}

const parseJson = (body: string): unknown => {
  try {
    return JSON.parse(body === '' ? '{}' : body)
  } catch {
    return undefined
  }
}

/** RQ1: the optional fields of a request; `undefined` if it is not valid. */
const parseBody = (body: string, first: number): { readonly last?: number; readonly epoch?: string } | undefined => {
  const u = body.length > 4096 ? undefined : parseJson(body)
  if (typeof u !== 'object' || u === null || Array.isArray(u)) return undefined
  const { last, epoch, asker, bundle }: Record<string, unknown> = { ...u }
  if (asker !== undefined && (typeof asker !== 'string' || asker.length > 64)) return undefined
  if (bundle !== undefined && typeof bundle !== 'boolean') return undefined
  if (epoch !== undefined && !(typeof epoch === 'string' && /^@[0-9a-z]{10}$/.test(epoch))) return undefined
  if (last === undefined) return epoch === undefined ? {} : { epoch }
  if (typeof last !== 'number' || !Number.isSafeInteger(last) || last < first) return undefined
  return epoch === undefined ? { last } : { last, epoch }
}

/** AN1 to AN6: all answers to a request, without bundles. */
export const answersOf = (sending: Sending, first: number, body: string): ReadonlyArray<Wire> => {
  const request = parseBody(body, first)
  // The reason is free text.
  if (request === undefined) return [{ status: '400', headers: [], payload: '' }]
  const { origin, epoch, isSingle, head, history } = sending
  const address = (n: number): Fields => [
    ['Nats-Subject', `${origin}.${n}`],
    ...(isSingle ? [['Seq-Epoch', epoch] as const] : []),
  ]
  const refusal = (status: string, from: number, to: number): Wire => ({
    status,
    headers: [...address(from), ['Seq-Last', `${to}`]],
    payload: '',
  })
  const isRange = request.last !== undefined
  const last = Math.min(request.last ?? first, first + 1023)
  const out: Array<Wire> = []
  let next = first
  while (next <= last) {
    const kept = history.find(c => c.number === next)
    if (request.epoch !== undefined && request.epoch !== epoch) {
      out.push(refusal('410 Gone', next, last))
      next = last + 1
    } else if (next > head) {
      out.push(refusal('404 Not Sent Yet', next, last))
      next = last + 1
    } else if (kept === undefined) {
      // AN3: up to the number before the oldest one held.
      const oldest = history[0]?.number ?? head + 1
      const to = isRange ? Math.max(next, oldest - 1) : next
      out.push(refusal('410 Gone', next, to))
      next = to + 1
    } else {
      const { headers, reply, payload } = kept
      const added: Fields = reply !== '' || headers.length > 0 ? [['Seq-Reply', reply]] : []
      out.push({ headers: [...headers, ...address(next), ...added], payload })
      next += 1
    }
  }
  return isRange ? [...out, { status: '204 EOB', headers: address(next - 1), payload: '' }] : out
}

// --- the receiver

/** What a receiver takes from the answers to one request. */
export interface Taken {
  readonly messages: ReadonlyArray<Content>
  /** Ranges of numbers with the status 410. */
  readonly refused: ReadonlyArray<readonly [number, number]>
  /** The number in `204 EOB`, if it has arrived. */
  readonly end?: number
}

const lastOf = (headers: Fields, name: string): string | undefined => headers.findLast(([k]) => k === name)?.[1]

/** AN5: removes exactly the last value of each name. */
const without = (headers: Fields, names: ReadonlyArray<string>): Fields => {
  const removed = names.map(name => headers.findLastIndex(([k]) => k === name))
  return headers.filter((_, i) => !removed.includes(i))
}

const bytesOf = (payload: string): Buffer => Buffer.from(payload, 'base64')

/** BU3 */
const unbundle = (whole: Buffer, count: number): ReadonlyArray<Buffer> => {
  const payloads: Array<Buffer> = []
  let at = 0
  while (at + 4 <= whole.length) {
    const end = at + 4 + whole.readUInt32BE(at)
    if (end > whole.length) return []
    payloads.push(whole.subarray(at + 4, end))
    at = end
  }
  return at === whole.length && payloads.length === count ? payloads : []
}

const parseBlock = (block: Buffer): Fields =>
  block
    .toString()
    .split('\r\n')
    .slice(1)
    .filter(line => line.includes(':'))
    .map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()])

/** A receiver that has requested `first` to `last`. */
export const takenFrom = (isSingle: boolean, first: number, last: number, answers: ReadonlyArray<Wire>): Taken => {
  const messages: Array<Content> = []
  const refused: Array<readonly [number, number]> = []
  let end: number | undefined
  let parts: { readonly of: string; readonly slices: Array<Buffer> } | undefined
  const take = (message: Content): void => {
    if (message.number >= first && message.number <= last) messages.push(message)
  }
  for (const { status, headers, payload } of answers) {
    const number = parseNumber(lastOf(headers, 'Nats-Subject')?.split('.').at(-1) ?? '')
    if (number === undefined) continue
    const code = status?.slice(0, 3)
    if (code === '410') refused.push([number, parseNumber(lastOf(headers, 'Seq-Last') ?? '') ?? number])
    if (code === '204') end = number
    const part = code === undefined ? /^(\d+)\/(\d+)$/.exec(lastOf(headers, 'Seq-Part') ?? '') : null
    if (part === null) parts = undefined
    if (code !== undefined) continue
    const reply = lastOf(headers, 'Seq-Reply') ?? ''
    const bundle = lastOf(headers, 'Seq-Bundle')
    if (part !== null) {
      // PT4
      const [index, count] = [Number(part[1]), Number(part[2])]
      const size = lastOf(headers, 'Seq-Headers') ?? ''
      const of = `${number} ${lastOf(headers, 'Seq-Epoch')} ${count} ${size}`
      if (index === 1) parts = { of, slices: [] }
      else if (parts?.of !== of || parts.slices.length !== index - 1) parts = undefined
      parts?.slices.push(bytesOf(payload))
      if (parts === undefined || index !== count) continue
      const whole = Buffer.concat(parts.slices)
      const own = parseBlock(whole.subarray(0, Number(size)))
      take({ number, headers: own, reply, payload: whole.subarray(Number(size)).toString('base64') })
      parts = undefined
    } else if (bundle !== undefined) {
      for (const [i, bytes] of unbundle(bytesOf(payload), Number(bundle)).entries())
        take({ number: number + i, headers: [], reply: '', payload: bytes.toString('base64') })
    } else {
      const names = ['Nats-Subject', 'Seq-Reply', ...(isSingle ? ['Seq-Epoch'] : [])]
      take({ number, headers: without(headers, names), reply, payload })
    }
  }
  return { messages, refused, ...(end === undefined ? {} : { end }) }
}
