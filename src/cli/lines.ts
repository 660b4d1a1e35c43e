/** Lines of a byte stream, as bytes: a payload need not be text. */

const newline = 10

/** Splits at line feeds. The end of the stream ends the last line, unless that is empty. */
export async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: ReadonlyArray<Uint8Array> = []
  for await (const chunk of chunks) {
    let from = 0
    for (let to = chunk.indexOf(newline); to >= 0; to = chunk.indexOf(newline, from)) {
      yield rest.length === 0 ? chunk.subarray(from, to) : Buffer.concat([...rest, chunk.subarray(from, to)])
      rest = []
      from = to + 1
    }
    if (from < chunk.length) rest = [...rest, chunk.subarray(from)]
  }
  if (rest.length > 0) yield Buffer.concat(rest)
}
