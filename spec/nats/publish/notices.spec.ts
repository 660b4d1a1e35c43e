// Notices of a publisher that nobody reads stay few, and no loss is forgotten.
import { describe, expect, test } from '@jest/globals'
import { explainSenderNotice } from '../../../src/nats/publish/explain.ts'
import { publishers } from '../../../src/nats/publish/multiPublisher.ts'
import type { SenderNotice } from '../../../src/nats/publish/types.ts'
import { sumUp } from '../../../src/nats/publish/unread.ts'
import { kinds, withServer } from '../clients.ts'

const bench = withServer()

const lost = { origin: 'updates', first: 3, last: 7 }

test.each<readonly [SenderNotice, lost: number, unknown: number]>([
  [{ _tag: 'Unconfirmed', ...lost }, 5, 0],
  [{ _tag: 'NotResent', ...lost, reason: 'evicted' }, 5, 0],
  [{ _tag: 'Resent', ...lost }, 0, 0],
  [{ _tag: 'NotPermitted', operation: 'publish', subject: 'a.9', rule: 'a.*', purpose: 'messages' }, 0, 1],
  [{ _tag: 'RequestDropped', subject: '_SEQ.HEAD', reply: '_INBOX.a', reason: 'total' }, 0, 0],
])('the sum counts the lost messages of %j', (notice, messages, unknown) => {
  const sum: SenderNotice = { _tag: 'Unread', notices: 7, lost: 10, unknown: 2 }
  expect(sumUp(sum, notice)).toEqual({ _tag: 'Unread', notices: 8, lost: 10 + messages, unknown: 2 + unknown })
})

describe.each(kinds.slice(0, 1))('with $name', kind => {
  test('a reader that is slow gets 1,024 notices, and the sum of those before them', async () => {
    const nc = await bench.connect(kind)
    const news = publishers(nc, 'news.*')
    const reader = news.notices()[Symbol.asyncIterator]()
    await nc.flush()
    // Nothing is confirmed before the connection is closed.
    for (let i = 0; i < 1500; i++) {
      news.publish(`news.${i}`, '1')
      news.publish(`news.${i}`, '2')
    }
    await nc.close()
    const read: Array<SenderNotice> = []
    for await (const notice of { [Symbol.asyncIterator]: () => reader }) read.push(notice)
    expect(read.length).toBe(1024)
    const [sum, next] = read
    expect(sum).toEqual({ _tag: 'Unread', notices: 1500 - 1023, lost: 2 * (1500 - 1023), unknown: 0 })
    expect(next).toEqual({ _tag: 'Unconfirmed', origin: `news.${1500 - 1023}`, first: 1, last: 2 })
    expect(sum && explainSenderNotice(sum)).toBe(
      '477 notices were not read in time. They report 954 messages as lost or possibly lost. Read notices() continuously.',
    )
  })
})
