// Notices that nobody reads stay few, and no loss is forgotten.
import { expect, test } from '@jest/globals'
import type { Notice as ReceiverNotice } from '../../src/core/receiver/Delivery.ts'
import { explain } from '../../src/dropin/explain.ts'
import type { Notice } from '../../src/dropin/Notice.ts'
import { startConnectionNotices } from '../../src/dropin/notices.ts'
import type { SenderNotice } from '../../src/nats/publish/types.ts'
import { arrival, single } from '../core/receiver/receiverHarness.ts'

const about = { origin: 'updates', subject: single().subject, sender: undefined }
const n = (i: number) => arrival(i).number

const received = (notice: ReceiverNotice): Notice => ({ side: 'Receiver', notice })
const sent = (notice: SenderNotice): Notice => ({ side: 'Sender', notice })

const gap = received({ _tag: 'Gap', ...about, first: n(1), last: n(9), noticedBy: 'Data' })
const overdue: ReadonlyArray<Notice> = [
  received({ _tag: 'Lost', ...about, first: n(3), last: n(7), reason: 'unresolved' }),
  received({ _tag: 'Lost', ...about, first: n(8), last: undefined, reason: 'gone' }),
  received({ _tag: 'Overflowed', count: 2, origins: 3 }),
  sent({ _tag: 'NotResent', origin: 'updates', first: 1, last: 10, reason: 'evicted' }),
  sent({ _tag: 'Unconfirmed', origin: 'updates', first: 4, last: 4 }),
  sent({ _tag: 'NotPermitted', operation: 'publish', subject: 'updates.9', rule: 'updates.*', purpose: 'messages' }),
  sent({ _tag: 'Resent', origin: 'updates', first: 1, last: 10 }),
  gap,
]

const readAll = async (notices: AsyncIterable<Notice>): Promise<ReadonlyArray<Notice>> => {
  const read: Array<Notice> = []
  for await (const notice of notices) read.push(notice)
  return read
}

test('a reader that comes late or reads slowly gets 1,024 notices, and the sum of those before them', async () => {
  const notices = startConnectionNotices(undefined)
  const slow = notices.read()
  const slowReader = slow[Symbol.asyncIterator]()
  const first = slowReader.next()
  for (const notice of [gap, ...overdue]) notices.report(notice)
  for (let i = 0; i < 5000; i++) notices.report(gap)
  notices.end()
  const late = await readAll(notices.read())
  expect(late).toHaveLength(1024)
  const sum = { _tag: 'Unread', notices: 5009 - 1023, lost: 5 + 2 + 10 + 1, unknown: 1 + 3 + 1 }
  expect([late[0], late[1]]).toEqual([{ side: 'Both', notice: sum }, gap])
  expect(await first).toEqual({ done: false, value: gap })
  const rest = await readAll({ [Symbol.asyncIterator]: () => slowReader })
  expect([rest.length, rest[0]]).toEqual([1024, { side: 'Both', notice: { ...sum, notices: 5008 - 1023 } }])
})

test('the sum is explained in a sentence', () => {
  expect(explain({ side: 'Both', notice: { _tag: 'Unread', notices: 7, lost: 3, unknown: 0 } })).toBe(
    '7 notices were not read in time. They report 3 messages as lost or possibly lost. Read notices() continuously, or set onNotice.',
  )
  expect(explain({ side: 'Both', notice: { _tag: 'Unread', notices: 7, lost: 3, unknown: 2 } })).toContain(
    'and 2 of them report losses of unknown size',
  )
})
