// The subjects of docs/protocol.md, written a second time, without a line of src.

export type Addressing = 'single' | 'perSender'

export interface Parsed {
  readonly origin: string
  readonly subject: string
  readonly sender?: string
  readonly epoch?: string
}

/** N1 */
export const parseNumber = (token: string): number | undefined =>
  /^[1-9][0-9]*$/.test(token) && Number.isSafeInteger(Number(token)) ? Number(token) : undefined

const isToken = (s: string): boolean => /^[!-)+-\-/-=?-~]+$/.test(s)
const isEpoch = (s: string): boolean => /^@[0-9a-z]{10}$/.test(s)

/** S1 */
export const isSubject = (s: string): boolean => s.length <= 1024 && s.split('.').every(isToken)

/** S4, S5, S6 */
export const parseOrigin = (addressing: Addressing, origin: string): Parsed | undefined => {
  const tokens = origin.split('.')
  const last = tokens.at(-1) ?? ''
  if (addressing === 'single') return isSubject(origin) && !isEpoch(last) ? { origin, subject: origin } : undefined
  const sender = tokens.at(-2) ?? ''
  const subject = tokens.slice(0, -2).join('.')
  const isRun = isEpoch(last) && isToken(sender) && sender.length <= 64 && !sender.startsWith('@')
  return isRun && isSubject(subject) ? { origin, subject, sender, epoch: last } : undefined
}

const splitLast = (s: string): readonly [string, string] => [
  s.slice(0, Math.max(0, s.lastIndexOf('.'))),
  s.slice(s.lastIndexOf('.') + 1),
]

/** A data subject. */
export const parseData = (addressing: Addressing, s: string): (Parsed & { readonly number: number }) | undefined => {
  const [name, token] = splitLast(s)
  const number = parseNumber(token)
  const origin = parseOrigin(addressing, name)
  return number === undefined || origin === undefined ? undefined : { ...origin, number }
}

/** N2, HB1: the origin of a heartbeat. Its number is in the body. */
export const parseHeartbeat = (addressing: Addressing, s: string): Parsed | undefined =>
  s.startsWith('_SEQ.HB.') ? parseOrigin(addressing, splitLast(s.slice('_SEQ.HB.'.length))[0]) : undefined

/** S7 */
export const subscribeTo = (addressing: Addressing, filter: string): string => {
  const wild = addressing === 'single' ? '*' : '*.*.*'
  const tokens = filter.split('.')
  return (tokens.at(-1) === '>' ? [...tokens.slice(0, -1), wild, '>'] : [...tokens, wild]).join('.')
}

/** IN1 */
export const isInbox = (prefixes: ReadonlyArray<string>, reply: string): boolean => {
  if (!isSubject(reply)) return false
  const [first = '', second, third, ...rest] = reply.split('.')
  if (first === '_GR_' && second !== undefined && third !== undefined && rest.length > 0)
    return isInbox(prefixes, rest.join('.'))
  if (first === '$GR' && second !== undefined && third !== undefined)
    return isInbox(prefixes, [third, ...rest].join('.'))
  const isBelow = (prefix: string): boolean => `${reply}.`.startsWith(`${prefix}.`)
  return /^_INBOX([_-]|$)/.test(first) || (first === '_R_' && second !== undefined) || prefixes.some(isBelow)
}
