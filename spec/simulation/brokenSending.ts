// One broken history for each promise of a sender: see broken.ts.
import { nearest } from '../../src/core/protocol/SequenceNumber.ts'
import type { Rule } from './auditor.ts'
import { runOf } from './broken.ts'
import type { Chronicle, Outbox, Passed } from './chronicle.ts'
import { blank } from './chronicle.ts'

/** A sender's actions in a form that can be changed. It is connected, and has one line. */
class Log {
  readonly run = runOf(1, { bornAt: 1000, sentAt: 1000 })
  readonly box: Outbox
  #at = 1000
  #flushes = 0
  constructor(changes: Partial<Outbox> = {}) {
    const limits = { messages: 100, bytes: 10_000_000, age: 300_000 }
    const kept = { messages: 0, bytes: 0, age: 0, over: 0 }
    this.box = { name: 'p0', limits, perSecond: 1000, after: 50, passed: [], services: [], kept, ...changes }
    this.note({ _tag: 'OriginStarted', run: this.run }).head()
  }
  note(what: PassedWithoutTime): this {
    this.box.passed.push({ ...what, at: this.#at, local: this.#at })
    return this
  }
  wait(ms: number): this {
    this.#at += ms
    return this
  }
  head(changes: { readonly head?: number; readonly state?: 'live' | 'ended' } = {}): this {
    const { epoch, head } = this.run
    const { state = 'live' } = changes
    const said = changes.head ?? head
    const times = { age: 0, after: 50, max: 1000 }
    return this.note({
      _tag: 'Head',
      run: this.run,
      head: { v: 1, epoch, start: nearest(1), first: 1, head: said, ...times, state },
    })
  }
  sent(_tag: 'Sent' | 'Kept' = 'Sent', bytes = 250): this {
    this.run.head += 1
    return this.note({ _tag, run: this.run, number: this.run.head, bytes })
  }
  again(number: number): this {
    return this.note({ _tag: 'SentAgain', run: this.run, number, bytes: 250 })
  }
  flush(): this {
    this.#flushes += 1
    return this.note({ _tag: 'Flush', flush: this.#flushes })
  }
  flushed(completed = true): this {
    return this.note({ _tag: 'Flushed', flush: this.#flushes, completed })
  }
  refused(number: number): this {
    return this.note({ _tag: 'Refused', run: this.run, number })
  }
  /** A message, and everything that should follow it. */
  wellSent(): this {
    return this.sent().flush().wait(2).flushed().wait(48).head()
  }
  /** A disconnect, with one message published meanwhile. */
  away(): this {
    return this.note({ _tag: 'Disconnected' }).wait(10).sent('Kept').note({ _tag: 'Reconnected' }).head()
  }
  ends(ms = 0): Chronicle {
    return { ...blank(), outboxes: [this.box], overAt: this.#at + ms }
  }
}

type WithoutTime<P> = P extends Passed ? Omit<P, 'at' | 'local'> : never
type PassedWithoutTime = WithoutTime<Passed>

const isTwice = (): Chronicle => {
  const { run } = new Log()
  const one = {
    id: 1,
    run,
    number: 1,
    at: 2000,
    leftAt: 2002,
    data: new Uint8Array(4),
    headers: undefined,
    reply: undefined,
  }
  return { ...blank(), runs: [run], published: [one, { ...one, id: 2 }] }
}

const closed = (): Log => {
  const log = new Log().wellSent()
  return log.note({ _tag: 'Closed', run: log.run }).wait(50).head({ state: 'ended' }).wait(50).head({ state: 'ended' })
}

/** A correct history. */
export const soundSending = (): ReadonlyArray<Chronicle> => [
  new Log().wellSent().away().again(2).flush().wait(3).flushed().wait(50).head().ends(1000),
  closed().wait(100).head({ state: 'ended' }).ends(5000),
]

export const brokenSending: ReadonlyArray<readonly [Rule, string, () => Chronicle]> = [
  ['NumberedOnce', 'a number is given twice', isTwice],
  ['HeartbeatsKept', 'no heartbeat follows a message', () => new Log().sent().flush().flushed().wait(51).head().ends()],
  ['HeartbeatsKept', 'the next comes later than was promised', () => new Log().wait(1001).head().ends()],
  ['HeartbeatsKept', 'there is none any more', () => new Log().ends(1001)],
  [
    'HeartbeatsKept',
    'it is back, and does not say where it is',
    () => new Log().note({ _tag: 'Disconnected' }).note({ _tag: 'Reconnected' }).wait(20).head().ends(),
  ],
  [
    'HeartbeatsKept',
    'fifteen in a second, of five and a burst of as many',
    () => {
      const log = new Log({ perSecond: 5 })
      for (let i = 0; i < 15; i++) log.wait(50).head()
      return log.ends()
    },
  ],
  ['HeadsAreTrue', 'a head does not name the newest number', () => new Log().wellSent().head({ head: 0 }).ends()],
  ['EndedHeartbeatsSent', 'the third ended heartbeat is missing', () => closed().ends(500)],
  [
    'EndedHeartbeatsSent',
    'there is a fourth',
    () => {
      const log = closed().wait(100).head({ state: 'ended' })
      return log.wait(50).head({ state: 'ended' }).ends()
    },
  ],
  ['EndedHeartbeatsSent', 'the third comes late', () => closed().wait(101).head({ state: 'ended' }).ends()],
  ['HeadsAreTrue', 'it does not say that it ends', () => closed().wait(100).head().ends()],
  [
    'MemoryBounded',
    'more messages are kept than may be',
    () => new Log({ kept: { messages: 101, bytes: 0, age: 0, over: 0 } }).ends(),
  ],
  [
    'MemoryBounded',
    'a run is over and kept',
    () => new Log({ kept: { messages: 0, bytes: 0, age: 0, over: 1 } }).ends(),
  ],
  ['ResentIfUnsure', 'what has arrived is sent again', () => new Log().wellSent().away().again(1).again(2).ends()],
  ['ResentIfUnsure', 'it is sent again', () => new Log().away().refused(1).away().again(1).ends()],
  [
    'ResentIfUnsure',
    'it is replayed',
    () => {
      const log = new Log().away().refused(1)
      return log.note({ _tag: 'Replayed', run: log.run, number: 1 }).ends()
    },
  ],
  ['FlushedInTime', 'none is called', () => new Log().sent().wait(50).head().wait(51).ends()],
  [
    'FlushedInTime',
    '1 MiB is on its way',
    () =>
      new Log()
        .sent('Sent', 2 ** 20)
        .wait(1)
        .ends(),
  ],
  ['FlushedInTime', 'a second is called', () => new Log().sent().flush().flush().ends()],
  ['FlushedInTime', 'one is called while disconnected', () => new Log().note({ _tag: 'Disconnected' }).flush().ends()],
]
