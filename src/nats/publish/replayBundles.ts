/** Joins replayed messages, so that a sender sends several of them in one answer. */
import * as Bundle from '../../core/protocol/ReplayBundle.ts'
import type { Answer } from '../../core/sender/ReplayQueue.ts'

type MessageAnswer = Extract<Answer, { _tag: 'Message' }>

/** True for a message that may be in a bundle: its requester accepts that, and it has only a payload. */
const isPlain = (answer: Answer): answer is MessageAnswer =>
  answer._tag === 'Message' &&
  answer.bundle === true &&
  (answer.kept.headers?.length ?? 0) === 0 &&
  (answer.kept.reply ?? '') === ''

const follows = (before: Answer, answer: Answer): boolean =>
  isPlain(before) && isPlain(answer) && answer.reply === before.reply && answer.number === before.number + 1

const sizeOf = (answer: Answer): number =>
  answer._tag === 'Message' ? answer.kept.data.length + Bundle.overhead : Number.POSITIVE_INFINITY

/** Groups of answers that are sent as one: a bundle of messages within `maxBytes`, or a single answer. */
export const groupAnswers = (
  answers: ReadonlyArray<Answer>,
  maxBytes: number,
): ReadonlyArray<ReadonlyArray<Answer>> => {
  const groups: Array<Array<Answer>> = []
  let group: Array<Answer> = []
  let bytes = 0
  for (const answer of answers) {
    const before = group.at(-1)
    const size = sizeOf(answer)
    if (before !== undefined && follows(before, answer) && bytes + size <= maxBytes) {
      group.push(answer)
      bytes += size
    } else {
      group = [answer]
      groups.push(group)
      bytes = size
    }
  }
  return groups
}
