// What this library wants to reach. Ratios compare contenders that take turns in one run, with messages of 128 bytes.
import {
  dropIn,
  handNumbered,
  handWritten,
  header,
  jetStreamWithAcks,
  perSender,
  publisherAndSubscribe,
} from './contenders.ts'
import type { Figures } from './Part.ts'

export interface Goal {
  /** The part that measures it. */
  readonly part: string
  readonly name: string
  /** The name of its figure among those that the part returns. */
  readonly figure: string
  readonly direction: 'at least' | 'at most'
  readonly goal: number
  /** The unit; nothing for a ratio. */
  readonly unit: string
}

const ours = [publisherAndSubscribe, dropIn] as const

/** The figure of a ratio in the part `throughput`. */
export const ratioFigure = (what: 'rate' | 'client CPU' | 'server CPU' | 'iterator', of: string, to: string): string =>
  `${what}: ${of} / ${to}`

const throughput: ReadonlyArray<Omit<Goal, 'part' | 'unit'>> = [
  ...ours.flatMap(
    (name): ReadonlyArray<Omit<Goal, 'part' | 'unit'>> => [
      {
        name: `messages/s of ${name}, relative to hand-written`,
        figure: ratioFigure('rate', name, handWritten),
        direction: 'at least',
        goal: 0.85,
      },
      {
        name: `client CPU of ${name}, relative to hand-written`,
        figure: ratioFigure('client CPU', name, handWritten),
        direction: 'at most',
        goal: 1.25,
      },
      {
        name: `server CPU of ${name}, relative to hand-written`,
        figure: ratioFigure('server CPU', name, handWritten),
        direction: 'at most',
        goal: 1.05,
      },
      {
        name: `messages/s of ${name}, relative to a number in a header`,
        figure: ratioFigure('rate', name, header),
        direction: 'at least',
        goal: 1.5,
      },
      {
        name: `messages/s of ${name}, relative to JetStream with acks`,
        figure: ratioFigure('rate', name, jetStreamWithAcks),
        direction: 'at least',
        goal: 10,
      },
      {
        name: `iterators of ${name}, relative to its callbacks and to the plain client's iterators`,
        figure: ratioFigure('iterator', name, handWritten),
        direction: 'at least',
        goal: 0.9,
      },
    ],
  ),
  {
    name: 'messages/s of a receiver of hand-numbered messages without heartbeats, relative to hand-written',
    figure: ratioFigure('rate', handNumbered, handWritten),
    direction: 'at least',
    goal: 0.85,
  },
  {
    name: 'messages/s of perSender, relative to single',
    figure: ratioFigure('rate', perSender, publisherAndSubscribe),
    direction: 'at least',
    goal: 0.95,
  },
]

export const goals: ReadonlyArray<Goal> = [
  ...throughput.map(goal => ({ ...goal, part: 'throughput', unit: '' })),
  {
    part: 'tail',
    name: 'loss of a last message noticed, p99, 1 publisher',
    figure: 'tail: 1 publisher',
    direction: 'at most',
    goal: 60,
    unit: 'ms',
  },
  {
    part: 'tail',
    name: 'the same, 1,000 publishers on one connection, one of them sends',
    figure: 'tail: 1,000 publishers',
    direction: 'at most',
    goal: 150,
    unit: 'ms',
  },
  {
    part: 'tail',
    name: 'the same, all 1,000 send at the same moment',
    figure: 'tail: 1,000 publishers at once',
    direction: 'at most',
    goal: 150,
    unit: 'ms',
  },
  {
    part: 'memory',
    name: 'a message in a full history, above its payload',
    figure: 'history: bytes per message',
    direction: 'at most',
    goal: 48,
    unit: 'bytes',
  },
  {
    part: 'memory',
    name: 'an idle origin in a receiver of 100,000',
    figure: 'receiver: bytes per idle origin',
    direction: 'at most',
    goal: 400,
    unit: 'bytes',
  },
  {
    part: 'recovery',
    name: 'recovery of 50,000 messages from a sender',
    figure: 'recovery: messages/s',
    direction: 'at least',
    goal: 100_000,
    unit: 'messages/s',
  },
  {
    part: 'recovery',
    name: 'the same, relative to the faster ordered consumer',
    figure: 'recovery: of an ordered consumer',
    direction: 'at least',
    goal: 1,
    unit: '',
  },
  {
    part: 'idle',
    name: 'CPU of a receiver with 100,000 idle origins',
    figure: 'idle: CPU of a core',
    direction: 'at most',
    goal: 20,
    unit: '% of a core',
  },
  {
    part: 'origins',
    name: 'growth of the client CPU per message from 1 to 100,000 origins, relative to that of hand-written',
    figure: 'origins: growth of the client CPU',
    direction: 'at most',
    goal: 1.1,
    unit: '',
  },
  {
    part: 'growth',
    name: 'memory in use after ten minutes at full rate, relative to the start',
    figure: 'growth: memory in use',
    direction: 'at most',
    goal: 1.05,
    unit: '',
  },
  {
    part: 'scale',
    name: 'CPU of each of 10 idle receivers of 100,000 origins',
    figure: 'scale: CPU of a core',
    direction: 'at most',
    goal: 50,
    unit: '% of a core',
  },
]

export type Verdict = 'reached' | 'not reached' | 'not measured'

/** Whether the figures reach a goal. */
export const judge = ({ figure, direction, goal }: Goal, figures: Figures): Verdict => {
  const measured = figures[figure]
  if (measured === undefined || Number.isNaN(measured)) return 'not measured'
  return (direction === 'at least' ? measured >= goal : measured <= goal) ? 'reached' : 'not reached'
}
