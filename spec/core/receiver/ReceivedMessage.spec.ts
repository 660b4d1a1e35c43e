import { describe, expect, it } from '@jest/globals'
import * as SequenceNumber from '../../../src/core/protocol/SequenceNumber.ts'
import type { Delivery } from '../../../src/core/receiver/Delivery.ts'
import type { ReceivedDelivery } from '../../../src/core/receiver/ReceivedMessage.ts'
import { withPayloadMethods } from '../../../src/core/receiver/ReceivedMessage.ts'
import { single } from './receiverHarness.ts'

const { name, subject } = single()
const about = { origin: name, subject, sender: undefined }
const content = (text: string) => ({ data: new TextEncoder().encode(text), headers: undefined, reply: 'inbox' })

const numbered = (text: string) =>
  ({ _tag: 'Message', ...about, number: SequenceNumber.nearest(7), verdict: 'InOrder', ...content(text) }) as const
const stray = (text: string) =>
  ({ _tag: 'Unsequenced', subject: 'updates.x', reason: 'NoNumber', ...content(text) }) as const

const text = (d: ReceivedDelivery): string | undefined => ('string' in d ? d.string() : undefined)
const json = (d: ReceivedDelivery): unknown => ('json' in d ? d.json() : undefined)

describe('a received message', () => {
  it.each<[string, (text: string) => Delivery<Uint8Array>]>([
    ['with a number', numbered],
    ['without a number', stray],
  ])('has its payload as text and as JSON: %s', (_, message) => {
    const received = withPayloadMethods(message('{"eur":"1€"}'))
    expect([text(received), json(received)]).toEqual(['{"eur":"1€"}', { eur: '1€' }])
    expect({ ...received }).toEqual(message('{"eur":"1€"}'))
    expect(() => json(withPayloadMethods(message('{')))).toThrow(SyntaxError)
  })

  it('is not created again if it has these methods', () => {
    const received = withPayloadMethods(numbered('x'))
    expect(withPayloadMethods(received)).toBe(received)
  })

  it('is not made of a notice', () => {
    const notice = { _tag: 'Resumed', ...about } as const
    expect(withPayloadMethods(notice)).toBe(notice)
  })
})
