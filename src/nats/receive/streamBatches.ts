/**
 * Batches of direct gets: one request for several messages, by their subjects. Servers before 2.11 refuse them (408).
 * Then, and if no batch was ever answered, messages are requested one by one.
 */
import type { StreamSource } from './Replayer.ts'

/** The limit of messages in a batch. */
const maxMessages = 256

/** The limit of a request, in bytes. */
const maxRequestBytes = 16 * 1024

/** The limit of an answer, in bytes. The server exceeds it by less than one message. */
const maxAnswerBytes = 2 * 1024 * 1024

export interface StreamBatches {
  /** The most messages that a batch may contain; 1 if the stream does not answer batches. */
  readonly sizeFor: (source: StreamSource, origin: string) => number
  readonly onSent: (source: StreamSource) => void
  readonly onAnswered: (source: StreamSource) => void
  readonly onRefused: (source: StreamSource) => void
  /** The receiver repeats a request because of silence. */
  readonly onRepeated: (source: StreamSource) => void
  /** Another server may answer from now on. */
  readonly clear: () => void
}

export const createStreamBatches = (): StreamBatches => {
  const states = new Map<StreamSource, 'Sent' | 'Answered' | 'Refused'>()
  return {
    sizeFor: (source, origin) =>
      states.get(source) === 'Refused'
        ? 1
        : // A number has at most 16 digits; quotes, comma and dot add 4 bytes.
          Math.max(1, Math.min(maxMessages, Math.floor(maxRequestBytes / (origin.length + 20)))),
    onSent: source => {
      if (!states.has(source)) states.set(source, 'Sent')
    },
    onAnswered: source => states.set(source, 'Answered'),
    onRefused: source => states.set(source, 'Refused'),
    onRepeated: source => {
      if (states.get(source) === 'Sent') states.set(source, 'Refused')
    },
    clear: () => states.clear(),
  }
}

/** The body of a request for the numbers from `first` to `last`. */
export const batchBody = (origin: string, first: number, last: number): string => {
  const subjects: Array<string> = []
  for (let n = first; n <= last; n++) subjects.push(`${origin}.${n}`)
  return JSON.stringify({ multi_last: subjects, batch: subjects.length, max_bytes: maxAnswerBytes })
}
