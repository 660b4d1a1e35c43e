import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { lines } from '../../src/cli/lines.ts'

async function* chunked(bytes: Uint8Array, sizes: ReadonlyArray<number>): AsyncGenerator<Uint8Array> {
  let from = 0
  for (const size of sizes) {
    yield bytes.subarray(from, from + size)
    from += size
  }
  yield bytes.subarray(from)
}

it('splits any bytes at line feeds, wherever the chunks end', async () => {
  const payload = fc.uint8Array({ maxLength: 8 }).map(bytes => bytes.filter(byte => byte !== 10))
  await fc.assert(
    fc.asyncProperty(fc.array(payload), fc.array(fc.nat(5)), async (payloads, sizes) => {
      const bytes = Buffer.concat(payloads.flatMap(p => [p, Uint8Array.of(10)]))
      const found: Array<Uint8Array> = []
      for await (const line of lines(chunked(bytes, sizes))) found.push(new Uint8Array(line))
      expect(found).toEqual(payloads)
    }),
  )
})

it('takes a last line without a line feed for a line', async () => {
  const found: Array<string> = []
  for await (const line of lines(chunked(Buffer.from('a\n\nb'), [2]))) found.push(Buffer.from(line).toString())
  expect(found).toEqual(['a', '', 'b'])
})
