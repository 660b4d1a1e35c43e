import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { isInbox } from '../../../src/core/protocol/ReplySubject.ts'
import * as Subject from '../../../src/core/protocol/Subject.ts'

const prefixes = ['my.replies', '_INBOX']
const accepts = isInbox(prefixes)

describe('a sender answers', () => {
  test.each([
    ['the inbox of a client', '_INBOX.f00.1'],
    ['an inbox of two tokens', '_INBOX.f00'],
    ['the inbox of one user', '_INBOX_alice.f00.1'],
    ['the inbox of one user, spelled with a dash', '_INBOX-alice.f00'],
    ['a prefix that is listed', 'my.replies.f00'],
    ['a listed subject itself', 'my.replies'],
    ['a service import', '_R_.abcdef.ghijkl'],
    ['an inbox behind a gateway', '_GR_.Ab12.Cd34._INBOX.f00.1'],
    ['an inbox behind an old gateway', '$GR.Ab12._INBOX.f00.1'],
    ['a listed prefix behind a gateway', '_GR_.Ab12.Cd34.my.replies.f00'],
    ['a service import behind a gateway', '_GR_.Ab12.Cd34._R_.abcdef'],
    ['two gateways', '_GR_.a.b.$GR.c._INBOX.f00'],
  ])('%s', (_, reply) => {
    expect(accepts(reply)).toBe(true)
  })
})

describe('a sender does not answer', () => {
  test.each([
    ['a message of its own', 'updates.6'],
    ['a heartbeat', '_SEQ.HB.other.9'],
    ['a request', '_SEQ.REPLAY.updates.2'],
    ['the API of JetStream', '$JS.API.STREAM.DELETE.NEWS'],
    ['an acknowledgement of JetStream', '$JS.ACK.NEWS.c.1.1.1.1.0'],
    ['the system', '$SYS.REQ.SERVER.PING'],
    ['a subject of the application', 'secret.orders'],
    ['nothing', ''],
    ['a first token that only begins like an inbox', '_INBOXES.f00'],
    ['an inbox in lower case', '_inbox.f00'],
    ['an inbox that is not the first token', 'a._INBOX.f00'],
    ['a prefix that is no whole token', 'my.repliesto.f00'],
    ['the beginning of a prefix', 'my'],
    ['a wildcard in an inbox', '_INBOX.*'],
    ['all inboxes', '_INBOX.>'],
    ['a wildcard that is no whole token', '_INBOX.f*'],
    ['an empty token', '_INBOX..f00'],
    ['an inbox that ends in a dot', '_INBOX.'],
    ['white space', '_INBOX.f00 updates.6'],
    ['a control character', '_INBOX.\u001b[2J'],
    ['a service import that wraps nothing', '_R_'],
    ['a service import that ends in a dot', '_R_.'],
    ['a service import with a wildcard', '_R_.>'],
    ['a gateway that wraps nothing', '_GR_.Ab12.Cd34'],
    ['a gateway that ends in a dot', '_GR_.Ab12.Cd34.'],
    ['a gateway that wraps a message', '_GR_.Ab12.Cd34.updates.6'],
    ['an old gateway that wraps a message', '$GR.Ab12.updates.6'],
    ['a gateway with a token too few', '_GR_.Ab12._INBOX.f00'],
    ['an old gateway with a token too many', '$GR.Ab12.Cd34._INBOX.f00'],
    ['a gateway in a gateway that wraps the API of JetStream', '_GR_.a.b.$GR.c.$JS.API.STREAM.DELETE.NEWS'],
    ['a subject that is longer than any inbox', `_INBOX.${'x'.repeat(1024)}`],
  ])('%s', (_, reply) => {
    expect(accepts(reply)).toBe(false)
  })
})

const token = fc.stringMatching(/^[A-Za-z0-9_$@-]{1,6}$/)
const tokens = fc.array(token, { minLength: 1, maxLength: 6 })
/** Generates mostly inboxes and near inboxes. */
const reply = fc
  .array(fc.oneof(token, fc.constantFrom('_INBOX', '_INBOX_a', '_R_', '_GR_', '$GR', 'my', 'replies', '*', '')), {
    maxLength: 8,
  })
  .map(ts => ts.join('.'))

/** A second implementation of the rule, by tokens. */
const expected = (ts: ReadonlyArray<string>): boolean => {
  const [first = '', second] = ts
  if (first === '_GR_') return ts.length > 3 && expected(ts.slice(3))
  if (first === '$GR') return ts.length > 2 && expected(ts.slice(2))
  if (first === '_R_') return ts.length > 1
  if (first === '_INBOX' || first.startsWith('_INBOX_') || first.startsWith('_INBOX-')) return true
  return first === 'my' && second === 'replies'
}

test('a sender answers exactly the subjects that begin, unwrapped, with one of the prefixes', () => {
  fc.assert(
    fc.property(reply, r => {
      expect(accepts(r)).toBe(Subject.isSubject(r) && expected(r.split('.')))
    }),
    { numRuns: 2000 },
  )
})

test('a sender answers every inbox below a prefix, also behind any number of gateways', () => {
  fc.assert(
    fc.property(tokens, tokens, fc.array(fc.tuple(token, token), { maxLength: 3 }), (prefix, rest, hops) => {
      const inbox = [...prefix, ...rest].join('.')
      const wrapped = hops.reduce((to, [a, b]) => `_GR_.${a}.${b}.${to}`, inbox)
      expect(isInbox([prefix.join('.')])(wrapped)).toBe(true)
    }),
  )
})
