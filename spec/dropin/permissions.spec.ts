// A user without a permission gets the client's error, with an explanation.
import { describe, expect, test } from '@jest/globals'
import type { SequencedNotice } from '../../src/index.ts'
import { explain, permissions, sequenced } from '../../src/index.ts'
import { withServer } from '../nats/clients.ts'
import { drop, pass } from '../server/lossyLink.ts'
import type { Json, Nc } from './bench.ts'
import { dial, kinds, listening, reading, showError, texts, told, until } from './bench.ts'

type Row = readonly [Exclude<SequencedNotice['side'], 'Both'>, 'publish' | 'subscribe', rule: string]

const rows: ReadonlyArray<Row> = [
  ['Sender', 'publish', 'updates.*'],
  ['Sender', 'publish', '_SEQ.HB.updates.*'],
  ['Sender', 'publish', '_INBOX.>'],
  ['Sender', 'subscribe', '_SEQ.HEAD'],
  ['Sender', 'subscribe', '_SEQ.HEAD.updates'],
  ['Sender', 'subscribe', '_SEQ.REPLAY.updates.*'],
  ['Sender', 'subscribe', '_SEQ.HB.updates.*'],
  ['Receiver', 'publish', '_SEQ.HEAD.updates'],
  ['Receiver', 'publish', '_SEQ.REPLAY.updates.*'],
  ['Receiver', 'subscribe', 'updates'],
  ['Receiver', 'subscribe', 'updates.*'],
  ['Receiver', 'subscribe', '_SEQ.HB.updates.*'],
  ['Receiver', 'subscribe', '_INBOX.>'],
]

/** The permissions of one side, without one rule. */
const lacking = ([side, operation, rule]: Row): string => {
  const all = permissions(side === 'Sender' ? 'sender' : 'receiver', 'updates')
  const permitted = {
    publish: all.publish,
    subscribe: side === 'Receiver' ? ['updates', ...all.subscribe] : all.subscribe,
  }
  return JSON.stringify({ ...permitted, [operation]: permitted[operation].filter(s => s !== rule) })
}

const server = withServer({
  config: `authorization { users: [
    { user: deaf, password: x, permissions: { publish: ">", subscribe: { deny: ["updates", "updates.>"] } } }
    { user: docsSender, password: x, permissions: {
      publish: ["updates.*", "_SEQ.HB.updates.*", "_INBOX.>"]
      subscribe: ["_SEQ.HEAD", "_SEQ.HEAD.updates", "_SEQ.REPLAY.updates.*", "_SEQ.HB.updates.*"]
    } }
    { user: docsReceiver, password: x, permissions: {
      publish: ["_SEQ.HEAD.updates", "_SEQ.HEAD.updates.>", "_SEQ.REPLAY.updates.>"]
      subscribe: ["updates", "updates.*", "_SEQ.HB.updates.*", "_SEQ.HB.updates.*.*.*", "_INBOX.>"]
    } }
    { user: all, password: x }
${rows.map((row, i) => `{ user: row${i}, password: x, permissions: ${lacking(row)} }`).join('\n')}
    { user: mute, password: x, permissions: { publish: { deny: ["updates.>", "updates"] }, subscribe: ">" } }
  ] }`,
})

describe.each(kinds)('with $name', kind => {
  const connect = async (user: string, notices?: Array<SequencedNotice>): Promise<Nc> => {
    const plain = await dial(server, kind, { user, pass: 'x' })
    if (notices === undefined) return plain
    return sequenced(plain, { subjects: ['updates'], onNotice: notice => notices.push(notice) })
  }

  /** The class of an error. Its text quotes the subject. */
  const kindOf = (error: Json | undefined): Json =>
    typeof error === 'object' && error !== null && 'name' in error ? [error['name'], error['code']] : error

  test("a subscription without permission ends with the client's error, in a callback and in an iterator", async () => {
    const outcomes: Array<Json> = []
    for (const nc of [await connect('deaf'), await connect('deaf', [])]) {
      const { sub, errors } = listening(nc, 'updates')
      const iterated = nc.subscribe('updates')
      const outcome = await reading(iterated).then(
        () => 'ended',
        cause => kindOf(showError(cause)),
      )
      await until('the callback is told', () => errors.length > 0)
      outcomes.push([outcome, kindOf(errors[0]), sub.isClosed(), iterated.isClosed()])
    }
    expect(outcomes[1]).toEqual(outcomes[0])
  })

  test('a publish without permission is reported by a notice, and by the status of the connection', async () => {
    const notices: Array<SequencedNotice> = []
    const nc = await connect('mute', notices)
    const statuses: Array<string> = []
    const read = async (): Promise<void> => {
      for await (const { type } of nc.status()) statuses.push(type)
    }
    read().catch(() => undefined)
    nc.publish('updates', 'x')
    await until('both say so', () => told(notices, 'NotPermitted').length > 0 && statuses.includes('error'))
    expect(told(notices, 'NotPermitted')).toMatchObject([
      { operation: 'publish', subject: 'updates.1', rule: 'updates.*', purpose: 'messages' },
    ])
  })

  test.each(rows.map((row, i) => [...row, `row${i}`] as const))(
    'a %s without the rule %s: "%s" reports it once',
    async (side, operation, rule, user) => {
      const link = await server.link(({ subject }) => (subject === 'updates.2' ? drop : pass))
      const notices = { Sender: [] as SequencedNotice[], Receiver: [] as SequencedNotice[] }
      const sequencedAs = async (one: Exclude<SequencedNotice['side'], 'Both'>, servers: string): Promise<Nc> => {
        const plain = await dial(server, kind, { user: side === one ? user : 'all', pass: 'x', servers })
        return sequenced(plain, { subjects: ['updates'], onNotice: notice => notices[one].push(notice) })
      }
      const receiving = await sequencedAs('Receiver', link.url)
      listening(receiving, 'updates')
      await receiving.flush()
      const sending = await sequencedAs('Sender', server.server().url)
      for (const text of ['1', '2', '3']) sending.publish('updates', text)
      await until('the notice', () => told(notices[side], 'NotPermitted').length > 0)
      await sending.flush()
      await receiving.flush()
      expect(notices[side].filter(n => n.notice._tag === 'NotPermitted')).toEqual([
        { side, notice: expect.objectContaining({ operation, rule }) },
      ])
      expect(notices[side].map(explain).join(' ')).toContain(`Add the rule ${operation}: "${rule}" to its permissions`)
      expect(told(notices[side === 'Sender' ? 'Receiver' : 'Sender'], 'NotPermitted')).toEqual([])
    },
  )

  test('the permissions of the table in README.md suffice to recover missed messages', async () => {
    const link = await server.link(({ subject }) => (subject === 'updates.2' ? drop : pass))
    const notices: Array<SequencedNotice> = []
    const options = { subjects: ['updates'], onNotice: (notice: SequencedNotice) => notices.push(notice) }
    const receiving = sequenced(
      await dial(server, kind, { user: 'docsReceiver', pass: 'x', servers: link.url }),
      options,
    )
    const { seen, errors } = listening(receiving, 'updates')
    await receiving.flush()
    const sending = sequenced(await dial(server, kind, { user: 'docsSender', pass: 'x' }), options)
    for (const text of ['1', '2', '3']) sending.publish('updates', text)
    await until('all have come', () => seen.length === 3)
    expect(texts(seen)).toEqual(['1', '2', '3'])
    expect([errors, told(notices, 'NotPermitted'), told(notices, 'AnswerRefused')]).toEqual([[], [], []])
  })

  test('a request without an inbox is not answered, and a notice reports it', async () => {
    const notices: Array<SequencedNotice> = []
    const nc = sequenced(await dial(server, kind, { user: 'docsSender', pass: 'x' }), {
      subjects: ['updates'],
      onNotice: notice => notices.push(notice),
    })
    nc.publish('updates', '1')
    await nc.flush()
    const attacker = await dial(server, kind, { user: 'docsReceiver', pass: 'x' })
    attacker.publish('_SEQ.REPLAY.updates.1', '', { reply: 'updates.6' })
    await until('the notice', () => told(notices, 'AnswerRefused').length > 0)
    expect(notices.map(explain)).toEqual([expect.stringContaining('is not an inbox')])
  })
})
