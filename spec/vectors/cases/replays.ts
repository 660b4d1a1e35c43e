// The inputs of replays.json and answers.json. The reference adds the answers, and what a receiver takes from them.
import type { Content, Fields, Sending, Wire } from '../reference/answers.ts'
import { answersOf, takenFrom } from '../reference/answers.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const epoch = '@k3v9x0a1bz'
const other = '@0000000000'
const alice = `updates.alice.${epoch}`

const content = (number: number, payload: string, headers: Fields = [], reply = ''): Content => ({
  number,
  headers,
  reply,
  payload: base64(payload),
})

/** The messages 1 to 8 were sent, and 1 and 2 are not held any more. */
const history: ReadonlyArray<Content> = [
  content(3, 'three'),
  content(4, ''),
  content(5, 'five', [
    ['Trace', 'a'],
    ['Trace', 'b'],
    ['Empty', ''],
  ]),
  content(6, 'six', [], 'replies.6'),
  content(7, 'seven', [['Nats-Subject', 'the.application']], 'replies.7'),
  content(8, '\u0000\r\n\u00ff'),
]

const requests: ReadonlyArray<readonly [rules: ReadonlyArray<string>, first: number, body: string]> = [
  [['RQ1', 'AN1', 'AN2'], 3, ''],
  [['RQ1', 'AN5'], 4, ''],
  [['AN5'], 5, ''],
  [['AN5'], 6, ''],
  [['AN5'], 7, ''],
  [['AN5'], 8, '{}'],
  [['AN2'], 1, ''],
  [['AN2'], 9, ''],
  [['RQ1', 'AN6'], 3, '{"last":8}'],
  [['RQ1', 'AN6'], 5, '{"last":5}'],
  [['AN3', 'AN6'], 1, '{"last":4}'],
  [['AN3'], 1, '{"last":1}'],
  [['AN3', 'AN6'], 8, '{"last":9007199254740991}'],
  [['AN2', 'AN6'], 9, '{"last":20}'],
  [['RQ1'], 3, `{"epoch":"${epoch}"}`],
  [['AN4'], 3, `{"epoch":"${other}"}`],
  [['AN4', 'AN6'], 3, `{"last":5,"epoch":"${other}"}`],
  [['RQ1'], 3, '{"asker":"me","bundle":false}'],
  [['V3'], 3, '{"more":{"v":2},"last":4}'],
  [['AN2', 'RQ1'], 3, '{'],
  [['AN2', 'RQ1'], 3, '[]'],
  [['AN2', 'RQ1'], 3, 'null'],
  [['AN2', 'RQ1'], 3, '{"last":2}'],
  [['AN2', 'RQ1'], 3, '{"last":"5"}'],
  [['AN2', 'RQ1'], 3, '{"last":5.5}'],
  [['AN2', 'RQ1'], 3, '{"last":9007199254740992}'],
  [['AN2', 'RQ1'], 3, '{"last":null}'],
  [['AN2', 'RQ1'], 3, '{"epoch":"latest"}'],
  [['AN2', 'RQ1'], 3, `{"asker":"${'a'.repeat(65)}"}`],
  [['AN2', 'RQ1'], 3, '{"bundle":1}'],
  [['AN2', 'RQ1'], 3, '{}'.padEnd(4097)],
]

const senders: Record<string, Sending> = {
  single: { origin: 'updates', epoch, isSingle: true, head: 8, history },
  perSender: { origin: alice, epoch, isSingle: false, head: 8, history },
}

export const replays = () => ({
  senders,
  exchanges: Object.entries(senders).flatMap(([sender, sending]) =>
    requests.map(([rules, first, body]) => ({
      rules,
      sender,
      subject: `_SEQ.REPLAY.${sending.origin}.${first}`,
      body,
      answers: answersOf(sending, first, body),
    })),
  ),
})

// --- answers

const address = (n: number): Fields => [['Nats-Subject', `${alice}.${n}`]]
const plain = (n: number, payload: string, ...more: Fields): Wire => ({
  headers: [...address(n), ...more],
  payload: base64(payload),
})
const status = (text: string, n: number, ...more: Fields): Wire => ({
  status: text,
  headers: [...address(n), ...more],
  payload: '',
})

const bundleOf = (...payloads: ReadonlyArray<string>): Buffer =>
  Buffer.concat(
    payloads.flatMap(text => {
      const size = Buffer.alloc(4)
      size.writeUInt32BE(Buffer.byteLength(text))
      return [size, Buffer.from(text)]
    }),
  )
const bundle = (n: number, count: string, whole: Buffer): Wire => ({
  headers: [...address(n), ['Seq-Bundle', count]],
  payload: whole.toString('base64'),
})
const part = (n: number, place: string, slice: string, headers = '0', reply = ''): Wire => ({
  headers: [
    ...address(n),
    ...(reply === '' ? [] : [['Seq-Reply', reply] as const]),
    ['Seq-Part', place],
    ['Seq-Headers', headers],
  ],
  payload: base64(slice),
})
const block = 'NATS/1.0\r\nMy: x\r\nSeq-Part: 9\r\n\r\n'

type Case = readonly [rules: ReadonlyArray<string>, what: string, ...answers: ReadonlyArray<Wire>]

/** A receiver has requested 17 to 20. */
const cases: ReadonlyArray<Case> = [
  [['AN1'], 'one message', plain(17, 'a')],
  [['AN5'], 'a message with headers and a reply subject', plain(17, 'a', ['Trace', 'x'], ['Seq-Reply', 'replies.1'])],
  [
    ['AN5'],
    'a message whose own headers have the names of added ones: the last value of each is removed',
    {
      headers: [
        ['Nats-Subject', 'own'],
        ['Seq-Reply', 'own 1'],
        ['Seq-Reply', 'own 2'],
        ...address(17),
        ['Seq-Reply', ''],
      ],
      payload: base64('a'),
    },
  ],
  [['AN6'], 'a range', plain(17, 'a'), plain(18, ''), status('204 EOB', 18)],
  [['AN3'], 'a refusal that reaches beyond the request', status('410 Gone', 17, ['Seq-Last', '90'])],
  [['AN3'], 'a refusal without Seq-Last', status('410 Too Large', 17)],
  [['AN2'], 'not sent yet', status('404 Not Sent Yet', 19, ['Seq-Last', '20'])],
  [['V4'], 'a status of a later version', status('299 Later', 17, ['Seq-Last', '20']), plain(18, 'b')],
  [['G4'], 'numbers that were not requested', plain(16, 'x'), plain(21, 'y')],
  [['N1'], 'a number in another spelling', { headers: [['Nats-Subject', `${alice}.017`]], payload: base64('x') }],
  [['AN1'], 'no number', { headers: [['Trace', 'x']], payload: base64('x') }],
  [['BU2'], 'a bundle', bundle(17, '3', bundleOf('a', '', 'c'))],
  [['BU2'], 'a bundle that reaches beyond the request', bundle(19, '4', bundleOf('c', 'd', 'e', 'f'))],
  [['BU3'], 'fewer messages than the header says', bundle(17, '3', bundleOf('a', 'b'))],
  [['BU3'], 'more messages than the header says', bundle(17, '1', bundleOf('a', 'b'))],
  [['BU3'], 'a truncated bundle', bundle(17, '2', bundleOf('a', 'b').subarray(0, -1))],
  [['BU3'], 'bytes after the last message', bundle(17, '1', Buffer.concat([bundleOf('a'), Buffer.alloc(3)]))],
  [['PT1', 'PT4'], 'two parts', part(17, '1/2', 'abc'), part(17, '2/2', 'def')],
  [
    ['PT1', 'PT3'],
    'parts with a header block',
    part(17, '1/2', block.slice(0, 10), `${block.length}`, 'replies.1'),
    part(17, '2/2', `${block.slice(10)}payload`, `${block.length}`, 'replies.1'),
  ],
  [['PT3'], 'one part', part(17, '1/1', `${block}x`, `${block.length}`)],
  [['PT4'], 'a part is missing', part(17, '1/3', 'a'), part(17, '3/3', 'c')],
  [['PT4'], 'parts in another order', part(17, '1/3', 'a'), part(17, '3/3', 'c'), part(17, '2/3', 'b')],
  [['PT4'], 'parts of two messages', part(17, '1/2', 'a'), part(18, '2/2', 'b')],
  [['PT4'], 'part 1 starts again', part(17, '1/2', 'x'), part(17, '1/2', 'a'), part(17, '2/2', 'b')],
  [['PT2', 'PT4'], 'another answer between two parts', part(17, '1/2', 'a'), plain(18, 'x'), part(17, '2/2', 'b')],
  [['PT4'], 'another header size', part(17, '1/2', 'a', '0'), part(17, '2/2', 'b', '1')],
]

export const answers = () => ({
  origin: alice,
  first: 17,
  last: 20,
  cases: cases.map(([rules, what, ...wires]) => ({
    rules,
    what,
    answers: wires,
    takes: takenFrom(false, 17, 20, wires),
  })),
})
