// The rules for answers to replay requests.
import type { Chronicle, Run, Service } from './chronicle.ts'
import type { Report } from './rules.ts'
import { roomy } from './sequences.ts'

/** The sender's limits per page and per request. */
const pageAnswers = 256
const pageBytes = 128 * 1024
const requestNumbers = 4096
const requestBytes = 1024 * 1024

type Request = Extract<Service, { _tag: 'Request' }>
type Answer = Extract<Service, { _tag: 'Answer' }>

interface Open {
  readonly request: Request['request']
  readonly at: number
  /** The next number without an answer. */
  next: number
  bytes: number
}

export const answered = (chronicle: Chronicle, report: Report): void => {
  for (const { name, services } of chronicle.outboxes) {
    if (services.length === 0) continue
    const say: Report = (rule, at, what) => report(rule, at, `${name}: ${what}`)
    limited(say, services)
    truthful(chronicle, say, services)
  }
}

const bytesOf = ({ answer }: Answer): number =>
  answer._tag === 'Message' ? answer.kept.data.length + (answer.kept.headers?.length ?? 0) : 0

const lastOf = ({ first, last }: Request['request']): number => Math.min(last, first + requestNumbers - 1)

/** Each request is answered upwards, and a page ends in time. */
const limited = (report: Report, services: ReadonlyArray<Service>): void => {
  const open = new Map<string, Open>()
  let page = { answers: 0, bytes: 0 }
  for (const s of services) {
    if (s._tag === 'Page') page = { answers: 0, bytes: 0 }
    if (s._tag === 'Request') {
      const { request, at } = s
      open.set(request.reply, { request, at, next: request.first, bytes: 0 })
    }
    if (s._tag !== 'Answer') continue
    const { answer, at } = s
    const say = (what: string): void => report('AnswersInBudget', at, `${answer.origin} for ${answer.reply}: ${what}`)
    const o = open.get(answer.reply)
    if (o === undefined) say('nobody has requested that')
    if (o === undefined || answer._tag === 'End') continue
    const [first, last] = answer._tag === 'Message' ? [answer.number, answer.number] : [answer.first, answer.last]
    if (first < o.next || first > lastOf(o.request)) say(`${first} is answered, of ${o.next}-${lastOf(o.request)}`)
    o.next = last + 1
    if (o.bytes >= requestBytes) say(`${o.bytes} bytes are sent`)
    o.bytes += bytesOf(s)
    if (page.answers >= pageAnswers || page.bytes >= pageBytes)
      say(`${page.answers} answers and ${page.bytes} bytes are in one page`)
    page.answers += 1
    page.bytes += bytesOf(s)
  }
}

/** A refusal names what the sender does not hold, or has not sent yet. */
const truthful = ({ told }: Chronicle, report: Report, services: ReadonlyArray<Service>): void => {
  const epochs = new Map<string, string | undefined>()
  const isRefused = (run: Run, number: number): boolean =>
    told.some(
      ({ run: of, notice: n }) =>
        of === run && n._tag === 'Lost' && n.reason === 'refused' && n.first <= number && number <= n.last,
    )
  for (const s of services) {
    if (s._tag === 'Request') epochs.set(s.request.reply, s.request.epoch)
    if (s._tag !== 'Answer' || s.answer._tag === 'End') continue
    const { at, run, answer, head } = s
    const say = (what: string): void => report('RefusedOnlyWhenGone', at, `${run.origin} ${run.epoch}: ${what}`)
    const meant = epochs.get(answer.reply)
    if (answer._tag === 'Message') {
      if (meant !== undefined && meant !== run.epoch) say(`${answer.number} is sent as one of ${meant}`)
      continue
    }
    if (meant !== undefined && meant !== run.epoch) continue
    const { code, first, last } = answer
    if (code === 404 && first <= head) say(`${first} is refused as not sent yet, and ${head} is sent`)
    if (code !== 404 && last > head) say(`${last} is refused as gone, and is not sent yet`)
    if (code === 404 || run.keeps < roomy) continue
    for (let n = Math.max(first, run.start); n <= Math.min(last, head); n++)
      if (!isRefused(run, n)) {
        say(`${n} is refused, and is held`)
        break
      }
  }
}
