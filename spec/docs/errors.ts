// The generated parts of docs/errors.md: what each code means comes from the docstring of its type.
import { table } from './markers.ts'
import type { Remedy } from './remedies.ts'
import * as remedies from './remedies.ts'
import { docOfTag, listOfType, messagesByTag } from './sources.ts'

const cell = (text: string): string => text.replace(/\n- /g, ' ').replace(/\s+/g, ' ').replace(/\|/g, '\\|').trim()

const codes = (group: Readonly<Record<string, Remedy>>): string =>
  table(
    ['code', 'when', 'what to do'],
    Object.entries(group).map(([tag, { file, todo }]) => [`\`${tag}\``, cell(docOfTag(file, tag)), todo]),
  )

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

const reasons = (type: string, todo: Readonly<Record<string, string>>): string => {
  const meanings = listOfType('src/core/receiver/Delivery.ts', type)
  // "Every replayer has refused" says the same of three reasons; each has a line of its own there.
  const refusals = listOfType('src/core/receiver/Delivery.ts', 'RefusalReason')
  const meaningOf = (reason: string): string => {
    const refusal = type === 'LossReason' ? refusals.get(reason) : undefined
    return refusal === undefined ? (meanings.get(reason) ?? '') : `every replayer has refused: ${refusal}`
  }
  return table(
    ['`reason`', 'when', 'what to do'],
    Object.entries(todo).map(([reason, what]) => [`\`${reason}\``, cell(sentence(meaningOf(reason))), what]),
  )
}

/** The codes whose messages are made by a function for each value, so no text of theirs can be listed. */
const explained = [
  'NotASequenceNumber',
  'NotAnEpoch',
  'OtherAddressing',
  'BadSender',
  'StreamIncompatible',
  'Lost',
  'Overflowed',
]

/** A message that is almost all made of values can't be found by its text. */
const hasWords = (message: string): boolean => (message.match(/[a-z]{2,}/gi) ?? []).length > 3

/** Breaks an item of a list into lines, as the pages that are written by hand. A break in code is read as a space. */
const wrapped = (item: string): string => {
  const lines = ['']
  for (const word of item.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && line.length + 1 + word.length > 118) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.join('\n  ')
}

const messages = (): string => {
  const byTag = messagesByTag()
  const tags = Object.keys(remedies.reasons)
  const missing = tags.filter(tag => !byTag.has(tag) && !explained.includes(tag))
  if (missing.length > 0) throw new Error(`no message of these errors is found in src: ${missing.join(', ')}`)
  return tags
    .flatMap(tag => [...new Set(byTag.get(tag))].filter(hasWords).map(message => `- \`${tag}\`: \`${message}\``))
    .sort()
    .map(wrapped)
    .join('\n')
}

export const errorParts = (): ReadonlyMap<string, string> =>
  new Map([
    ['publishing', codes(remedies.publishing)],
    ['receiving', codes(remedies.receiving)],
    ['ending', codes(remedies.ending)],
    ['wrapping', codes(remedies.wrapping)],
    ['streams', codes(remedies.streams)],
    ['storing', codes(remedies.storing)],
    ['parsing', codes(remedies.parsing)],
    ['effects', codes(remedies.effects)],
    ['notices', codes(remedies.notices)],
    ['senderNotices', codes(remedies.senderNotices)],
    ['lossReasons', reasons('LossReason', remedies.lossReasons)],
    ['unsequencedReasons', reasons('UnsequencedReason', remedies.unsequencedReasons)],
    ['messages', messages()],
  ])
