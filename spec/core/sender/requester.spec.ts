import { describe, expect, it } from '@jest/globals'
import { receiverOf, requesterOf } from '../../../src/core/sender/requester.ts'

describe('a requester', () => {
  it.each<[string, string, string | undefined, string]>([
    ['a request of a subscription', '_INBOX.Xy12.replay.7', undefined, '_INBOX.Xy12'],
    ['a request of the client', '_INBOX.Xy12.3', undefined, '_INBOX.Xy12'],
    ['an inbox for one request', '_INBOX.Xy12', undefined, '_INBOX.Xy12'],
    ['a single token', '_INBOX', undefined, '_INBOX'],
    ['an inbox of one user', '_INBOX_alice.Xy12.replay.7', undefined, '_INBOX_alice.Xy12'],
    ['a name, which does not count', '_INBOX.Xy12.replay.7', 'me', '_INBOX.Xy12'],
    ['a gateway', '_GR_.c1.s1._INBOX.Xy12.replay.7', undefined, '_INBOX.Xy12'],
    ['an old gateway', '$GR.c1._INBOX.Xy12.replay.7', undefined, '_INBOX.Xy12'],
    ['a service import', '_R_.qnA5mD.a', undefined, '_R_.qnA5mD.a'],
    ['a service import and a name', '_R_.qnA5mD.a', 'me', '_R_.qnA5mD me'],
  ])('is named by %s', (_, reply, asker, requester) => {
    expect(requesterOf(reply, asker)).toBe(requester)
  })

  it.each<[string, string | undefined, string]>([
    ['_INBOX.Xy12.replay.7', undefined, '_INBOX.Xy12.replay'],
    ['_INBOX.Xy12.replay.7', 'me', '_INBOX.Xy12.replay'],
    ['_R_.qnA5mD.a', 'me', '_R_.qnA5mD me'],
    ['_R_.qnA5mD.a', undefined, '_R_.qnA5mD.a'],
  ])('has receivers: %s, named %s', (reply, asker, receiver) => {
    expect(receiverOf(reply, asker)).toBe(receiver)
  })
})
