/** A delivery as a line of text or as a line of JSON. */
import { printable } from '../core/internal/codec.ts'
import type { Headers } from '../core/protocol/Headers.ts'
import type { Delivery } from '../core/receiver/Delivery.ts'
import { explain } from '../core/receiver/explain.ts'
import type { Colors } from './Output.ts'

const lenient = new TextDecoder()
// `ignoreBOM` keeps a byte order mark, so that the text has all bytes of the payload.
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A payload in JSON: `data` if it is text, `base64` otherwise. Nothing is lost. */
export const payloadFields = (data: Uint8Array): { readonly data: string } | { readonly base64: string } => {
  try {
    return { data: strict.decode(data) }
  } catch {
    return { base64: Buffer.from(data).toString('base64') }
  }
}

/** Headers as an object of lists; `undefined` if there are none. */
export const headerFields = (headers: Headers | undefined): Record<string, ReadonlyArray<string>> | undefined =>
  headers && Object.fromEntries(headers)

/** One line of JSON. The fields of a notice are those of the library. */
export const json = (d: Delivery<Uint8Array>): string => {
  switch (d._tag) {
    case 'Message': {
      const { _tag, origin, subject, sender, number, verdict, reply } = d
      const headers = headerFields(d.headers)
      return JSON.stringify({
        _tag,
        origin,
        subject,
        sender,
        number,
        verdict,
        reply,
        headers,
        ...payloadFields(d.data),
      })
    }
    case 'Unsequenced': {
      const { _tag, subject, reason, reply } = d
      return JSON.stringify({
        _tag,
        subject,
        reason,
        reply,
        headers: headerFields(d.headers),
        ...payloadFields(d.data),
      })
    }
    default:
      return JSON.stringify(d)
  }
}

/** A payload as one line, without characters that change a terminal. */
const payloadLine = (data: Uint8Array): string => printable(lenient.decode(data))

/** A sentence for a notice, in the colour of its weight. */
export const noticeLine = (d: Delivery<unknown>, { red, yellow, dim }: Colors): string => {
  const text = `# ${explain(d)}`
  switch (d._tag) {
    case 'Lost':
    case 'Overflowed':
      return red(text)
    case 'Gap':
    case 'Resumed':
    case 'Ended':
      return dim(text)
    default:
      return yellow(text)
  }
}

/** One line of text for people. */
export const text = (d: Delivery<Uint8Array>, colors: Colors): string => {
  const { cyan, dim } = colors
  switch (d._tag) {
    case 'Message': {
      const note = d.verdict === 'InOrder' || d.verdict === 'AfterGap' ? '' : dim(` (${d.verdict.toLowerCase()})`)
      return `${cyan(`${d.origin}.${d.number}`)}${note}  ${payloadLine(d.data)}`
    }
    case 'Unsequenced':
      return `${cyan(printable(d.subject))}${dim(` (unsequenced: ${d.reason})`)}  ${payloadLine(d.data)}`
    default:
      return noticeLine(d, colors)
  }
}
