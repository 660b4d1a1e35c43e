import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { framed, lossy } from './lossyWebSocket.ts'

const handshake = Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n')
const ping = Buffer.from([0x89, 0])

/** A delivery of the subject `a.<n>`. */
const message = (n: number, size: number): Buffer =>
  Buffer.concat([Buffer.from(`MSG a.${n} 1 ${size}\r\n`), Buffer.alloc(size, n), Buffer.from('\r\n')])

const split = (bytes: Buffer, cuts: ReadonlyArray<number>): ReadonlyArray<Buffer> => {
  const places = [...cuts.map(cut => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return places.map((to, i) => bytes.subarray(places[i - 1] ?? 0, to))
}

// Around the limits of the three spellings of a length.
const size = fc.oneof(fc.nat(20), fc.integer({ min: 100, max: 130 }), fc.integer({ min: 65_500, max: 65_540 }))

test('a lossy WebSocket loses the chosen deliveries, and nothing else, however they are framed', () => {
  const sent = fc.array(fc.record({ size, isLost: fc.boolean() }), { maxLength: 5 })
  const cuts = fc.array(fc.nat(), { maxLength: 6 })
  fc.assert(
    fc.property(sent, cuts, cuts, (messages, frames, chunks) => {
      const stream = Buffer.concat(messages.map((m, n) => message(n, m.size)))
      const wire = Buffer.concat([handshake, ping, ...split(stream, frames).map(framed)])
      const pass = lossy(({ subject }) => messages[Number(subject.slice(2))]?.isLost ?? false)
      const received = Buffer.concat(split(wire, chunks).map(pass))
      // Each delivery leaves in a frame of its own.
      const left = messages.flatMap((m, n) => (m.isLost ? [] : [framed(message(n, m.size))]))
      expect(received.equals(Buffer.concat([handshake, ping, ...left]))).toBe(true)
    }),
    { numRuns: 200 },
  )
})
