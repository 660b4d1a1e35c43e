// The inputs of traces.json: what a receiver of `updates` hears, and when. The reference adds what it does.

import { createReceiver, type Event, type Output } from '../reference/receiver.ts'
import type { Addressing } from '../reference/subjects.ts'
import { alice, base64, bob, data, epoch, headAnswer, heartbeat, ofBob, replayed, status, tick } from './events.ts'

const traces: ReadonlyArray<readonly [what: string, rules: ReadonlyArray<string>, ...events: ReadonlyArray<Event>]> = [
  [
    'a sender that started after the receiver: its sequence begins at its first number',
    ['J2', 'J5', 'M1', 'HB1'],
    tick(0),
    headAnswer(10, 0, { first: 1, age: 5 }),
    data(20, 1),
    data(21, 2),
    heartbeat(71, 2, { age: 66 }),
    data(80, 3),
  ],
  [
    'a sender that started before the receiver: its sequence begins with the next message',
    ['J3', 'J5'],
    tick(0),
    data(5, 41),
    headAnswer(10, 41),
    data(20, 42),
  ],
  [
    'a head without age is older than the receiver',
    ['H4', 'J5'],
    tick(0),
    headAnswer(10, 7, { age: undefined }),
    data(20, 8),
  ],
  [
    'the receiver missed messages of a younger sender before the answer',
    ['J5', 'G1'],
    tick(0),
    data(8, 3),
    headAnswer(10, 3, { age: 9 }),
    replayed(12, 1, 1),
    replayed(13, 1, 2),
  ],
  [
    'a sender that is first heard later is asked alone',
    ['J3', 'J4'],
    tick(0),
    headAnswer(10, 0, { ...ofBob, age: 5 }, bob),
    data(20, 9),
    headAnswer(25, 9, {}, alice, `_SEQ.HEAD.${alice}`),
    data(30, 10),
  ],
  [
    'a heartbeat alone is not believed: it can be late, of a run that is over',
    ['J4'],
    tick(0),
    heartbeat(5, 3),
    data(8, 4),
    headAnswer(10, 4),
    data(12, 5),
  ],
  [
    'an answer that is older than a heartbeat of the same run: the heartbeat counts',
    ['J4', 'J5'],
    tick(0),
    data(4, 2),
    heartbeat(5, 3, { age: 3 }),
    headAnswer(10, 2, { age: 2 }),
  ],
  [
    'the first heartbeat of a run that has sent nothing yet counts at once',
    ['J4'],
    tick(0),
    headAnswer(10, 0, { ...ofBob, age: 5 }, bob),
    heartbeat(20, 0, { first: 1, age: 0 }),
    data(21, 1),
    data(22, 3),
  ],
  [
    'two messages are lost and recovered',
    ['M1', 'G1', 'AN6'],
    tick(0),
    headAnswer(10, 0, { first: 1, age: 5 }),
    data(20, 1),
    data(21, 4),
    replayed(25, 2, 2),
    replayed(25, 2, 3),
    status(25, 2, '204 EOB', 3),
    data(30, 5),
  ],
  [
    'one message is lost, and the request has no body',
    ['G1', 'RQ1'],
    tick(0),
    headAnswer(10, 10),
    data(20, 11),
    data(21, 13),
    replayed(25, 12, 12),
  ],
  [
    'a message arrives late, and the replay of it is a duplicate',
    ['M2', 'G4'],
    tick(0),
    headAnswer(10, 10),
    data(20, 11),
    data(21, 13),
    data(22, 12),
    replayed(25, 12, 12),
    data(30, 12),
    data(31, 14),
  ],
  [
    'the last message is lost, and a heartbeat reveals it',
    ['HB1', 'G1'],
    tick(0),
    headAnswer(10, 10),
    data(20, 11),
    heartbeat(75, 12),
    replayed(80, 12, 12),
  ],
  [
    'the sender does not hold the missing numbers any more',
    ['AN3', 'G3'],
    tick(0),
    headAnswer(10, 10),
    data(20, 11),
    data(21, 15),
    status(25, 12, '410 Gone', 12, 13),
    replayed(25, 12, 14),
    status(25, 12, '204 EOB', 14),
  ],
  [
    'refused numbers wait until the numbers before them are settled',
    ['AN3', 'G3'],
    tick(0),
    headAnswer(10, 10),
    data(20, 14),
    replayed(25, 11, 12),
    status(26, 11, '410 Gone', 13, 13),
    data(27, 11),
  ],
  [
    'nobody answers for 2 s: the numbers are lost, and a late answer changes nothing',
    ['G3', 'G5', 'AN2'],
    tick(0),
    headAnswer(10, 10),
    data(20, 11),
    data(21, 13),
    status(25, 12, '404 Not Sent Yet', 12, 12),
    heartbeat(1500, 13),
    tick(2100),
    replayed(2200, 12, 12),
    data(2300, 14),
  ],
  [
    'the sender answers only a part of a range, and the receiver requests the rest',
    ['AN6'],
    tick(0),
    headAnswer(10, 10),
    data(20, 15),
    replayed(25, 11, 11),
    replayed(25, 11, 12),
    status(25, 11, '204 EOB', 12),
    replayed(30, 13, 13),
    replayed(30, 13, 14),
    status(30, 13, '204 EOB', 14),
  ],
  [
    'an answer with an unknown status is ignored',
    ['V4'],
    tick(0),
    headAnswer(10, 10),
    data(20, 12),
    status(25, 11, '299 Later', 11, 11),
    replayed(26, 11, 11),
  ],
  [
    'heads that the receiver ignores: another version, another epoch, not JSON',
    ['H1', 'H3', 'V1', 'V2'],
    tick(0),
    headAnswer(9, 99, { v: 2 }),
    headAnswer(10, 10),
    heartbeat(20, 99, { v: 2 }),
    heartbeat(21, 99, { epoch: '@0000000000' }),
    { at: 22, subject: `_SEQ.HB.${alice}.99`, payload: base64('99') },
    heartbeat(23, 11),
    replayed(25, 11, 11),
  ],
  [
    'fields that the receiver does not know',
    ['H2', 'V3'],
    tick(0),
    headAnswer(10, 10, { later: { head: 99 } }),
    heartbeat(20, 10, { first: 11, v2: [99] }),
    data(30, 11),
  ],
  [
    'a silent sender is asked, then reported, and is heard again',
    ['SI1'],
    tick(0),
    headAnswer(10, 10),
    data(100, 11),
    tick(5600),
    tick(6100),
    data(7000, 12),
  ],
  [
    'the sender closes, and what is missing is recovered before the end is reported',
    ['E1'],
    tick(0),
    headAnswer(10, 10),
    data(20, 11),
    heartbeat(30, 12, { state: 'ended' }),
    replayed(35, 12, 12),
    heartbeat(60, 12, { state: 'ended' }),
    tick(9000),
  ],
  [
    'the sender closes, and what is missing is refused',
    ['E1', 'G3'],
    tick(0),
    headAnswer(10, 10),
    heartbeat(30, 12, { state: 'ended' }),
    status(35, 11, '410 Gone', 11, 12),
  ],
  [
    'the sequences of two senders do not mix',
    ['S2', 'HQ5', 'M1'],
    tick(0),
    headAnswer(10, 10),
    headAnswer(11, 20, ofBob, bob),
    data(20, 11),
    data(21, 22, bob),
    data(22, 12),
    data(23, 21, bob),
  ],
]

/** Traces that look the same in `single`, where no message names its run. */
const alsoInSingle: ReadonlyArray<string> = [
  'a sender that started after the receiver: its sequence begins at its first number',
  'a sender that started before the receiver: its sequence begins with the next message',
  'a head without age is older than the receiver',
  'the receiver missed messages of a younger sender before the answer',
  'two messages are lost and recovered',
  'one message is lost, and the request has no body',
  'the last message is lost, and a heartbeat reveals it',
  'the sender does not hold the missing numbers any more',
  'refused numbers wait until the numbers before them are settled',
  'nobody answers for 2 s: the numbers are lost, and a late answer changes nothing',
  'the sender answers only a part of a range, and the receiver requests the rest',
  'the sender closes, and what is missing is recovered before the end is reported',
  'the sender closes, and what is missing is refused',
]

/** The same event of a sender in `single`. Its answers to replay requests name the run. */
const inSingle = (event: Event): Event => {
  const e: Event = JSON.parse(JSON.stringify(event).replaceAll(alice, 'updates'))
  const isReplay = e.answers?.startsWith('_SEQ.REPLAY.') === true
  return isReplay ? { ...e, headers: [...(e.headers ?? []), ['Seq-Epoch', epoch]] } : e
}

export interface Step extends Event {
  readonly out: ReadonlyArray<Output>
}

export interface Trace {
  readonly what: string
  readonly rules: ReadonlyArray<string>
  readonly addressing: Addressing
  readonly steps: ReadonlyArray<Step>
}

const traceOf = (
  what: string,
  rules: ReadonlyArray<string>,
  addressing: Addressing,
  events: ReadonlyArray<Event>,
): Trace => {
  const receive = createReceiver('updates', addressing)
  return { what, rules, addressing, steps: events.map(event => ({ ...event, out: receive(event) })) }
}

export const tracesOf = (): { readonly subject: string; readonly traces: ReadonlyArray<Trace> } => ({
  subject: 'updates',
  traces: [
    ...traces.map(([what, rules, ...events]) => traceOf(what, rules, 'perSender', events)),
    ...traces
      .filter(([what]) => alsoInSingle.includes(what))
      .map(([what, rules, ...events]) =>
        traceOf(what.replace('has no body', 'names the run'), [...rules, 'RQ2'], 'single', events.map(inSingle)),
      ),
    traceOf('in single, a refusal of another run is ignored', ['AN4'], 'single', [
      ...[tick(0), headAnswer(10, 10), data(20, 11), data(21, 13)].map(inSingle),
      {
        at: 25,
        answers: '_SEQ.REPLAY.updates.12',
        status: '410 Gone',
        headers: [
          ['Nats-Subject', 'updates.12'],
          ['Seq-Epoch', '@0123456789'],
          ['Seq-Last', '12'],
        ],
      },
      inSingle(replayed(30, 12, 12)),
    ]),
    traceOf('in single, a message above the first head is not of its run', ['J6'], 'single', [
      ...[tick(0), data(5, 90), headAnswer(10, 2, { age: 3 }), replayed(15, 1, 1), replayed(15, 1, 2), data(20, 3)].map(
        inSingle,
      ),
    ]),
  ],
})
