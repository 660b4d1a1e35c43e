// A connection has one publisher of a `single` subject at a time.
import { describe, expect, jest, test } from '@jest/globals'
import type * as Library from '../../../src/index.ts'
import { publisher, publishers, sequenced } from '../../../src/index.ts'
import type { Nc } from '../../dropin/bench.ts'
import { anything } from '../../dropin/bench.ts'
import { kinds, log, within, withServer } from '../clients.ts'

const bench = withServer()

const refusal = (subject: string): object =>
  expect.objectContaining({
    name: 'SequencedError',
    message: `This connection already has a publisher of ${subject}, and both would send the same numbers. Share that publisher, close it first, or use addressing: 'perSender'.`,
    reason: { _tag: 'AlreadyPublished', subject },
  })

const secondCopy = (): typeof Library => {
  let copy: typeof Library | undefined
  jest.isolateModules(() => {
    copy = jest.requireActual<typeof Library>('../../../src/index.ts')
  })
  if (copy === undefined) throw new Error('no copy')
  return copy
}

describe.each(kinds)('with $name', kind => {
  test('a second publisher of a subject is refused before it sends anything', async () => {
    const nc = await bench.connect(kind)
    const observer = await bench.connect(kind)
    const { add, seen, until } = log<string>()
    observer.subscribe('>', { callback: (_, msg) => add(msg.subject) })
    await observer.flush()
    const first = publisher(nc, 'q')
    expect(() => publisher(nc, 'q')).toThrow(refusal('q'))
    expect(() => publisher(nc, 'q', { prefix: '_OTHER' })).toThrow(refusal('q'))
    expect(first.publish('a')).toBe(1)
    expect(publisher(nc, 'r').publish('b')).toBe(1)
    await until('both messages', all => ['q.1', 'r.1'].every(at => all.includes(at)))
    expect(seen.filter(at => at === 'q.1' || at.startsWith('_SEQ.HB.q.0'))).toEqual(['_SEQ.HB.q.0', 'q.1'])
    expect(seen.some(at => at.startsWith('_OTHER'))).toBe(false)
  })

  test('a new publisher is accepted after the first has closed, or its connection', async () => {
    const nc = await bench.connect(kind)
    const first = publisher(nc, 'q')
    first.publish('a')
    await within('close', first.close())
    const second = publisher(nc, 'q')
    expect(second.publish('b')).toBe(1)
    expect(() => publisher(nc, 'q')).toThrow(refusal('q'))
    // A publisher that is closing accepts no more messages.
    const closing = second.close()
    expect(publisher(nc, 'q').publish('c')).toBe(1)
    await within('close', closing)
    await nc.close()
    expect(publisher(await bench.connect(kind), 'q').publish('d')).toBe(1)
  })

  test('another connection and the addressing perSender are not affected', async () => {
    const nc = await bench.connect(kind)
    publisher(nc, 'q')
    publisher(await bench.connect(kind), 'q')
    const options = { addressing: 'perSender', sender: 'alice' } as const
    expect(publisher(nc, 'q', options).publish('a')).toBe(1)
    expect(publisher(nc, 'q', options).publish('a')).toBe(1)
  })

  test('publishers() has a subject from its first message until it closes', async () => {
    const nc = await bench.connect(kind)
    const all = publishers(nc, '*')
    const first = publisher(nc, 'q')
    expect(() => all.publish('q', 'a')).toThrow(refusal('q'))
    expect(all.publish('r', 'a')).toBe(1)
    expect(() => publisher(nc, 'r')).toThrow(refusal('r'))
    expect(() => publishers(nc, 'r').publish('r', 'a')).toThrow(refusal('r'))
    await within('close', first.close())
    expect(all.publish('q', 'a')).toBe(1)
    await within('close', all.close())
    expect(publisher(nc, 'r').publish('a')).toBe(1)
  })

  test('a wrapped connection counts as its plain one', async () => {
    const plain = await bench.connect(kind)
    const nc = sequenced<Nc>(anything(plain), { subjects: ['q', 'r'] })
    const first = publisher(plain, 'q')
    expect(() => nc.publish('q', 'a')).toThrow(refusal('q'))
    nc.publish('r', 'a')
    expect(() => publisher(plain, 'r')).toThrow(refusal('r'))
    await within('close', first.close())
    nc.publish('q', 'a')
    expect(() => publisher(plain, 'q')).toThrow(refusal('q'))
  })

  test('a second copy of the library in one process knows the publishers of the first', async () => {
    const copy = secondCopy()
    expect(copy.publisher).not.toBe(publisher)
    const nc = await bench.connect(kind)
    const first = publisher(nc, 'q')
    expect(() => copy.publisher(nc, 'q')).toThrow(refusal('q'))
    copy.publisher(nc, 'r')
    expect(() => publisher(nc, 'r')).toThrow(refusal('r'))
    await within('close', first.close())
    expect(copy.publisher(nc, 'q').publish('a')).toBe(1)
  })
})
