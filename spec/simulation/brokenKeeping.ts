// Broken histories of what a machine keeps: see keeping.ts.
import type { Step } from './brokenRoom.ts'
import { answeredBy, asked, came, handed, lived, message } from './brokenRoom.ts'
import type { Chronicle } from './chronicle.ts'
import type { KeepingRule } from './keeping.ts'

/** What came in, and what is kept after it. */
const keeps = (messages: number, bytes: number, step: Step): Step => ({ ...step, kept: { messages, bytes } })
const replayed = (number: number, id: number, bytes = 3): Step => ({ what: 'Replayed', number, bytes, asked: id })
/** The sender has said where it is. */
const named = keeps(0, 0, answeredBy(1))
const woken = (at: number): Step => ({ what: 'Woken', at, local: at })

export const brokenKeeping: ReadonlyArray<readonly [KeepingRule, string, () => Chronicle]> = [
  [
    'NewestMakesNoWay',
    'what is held is thrown away for what follows it',
    () => lived('perSender', {}, named, keeps(1, 3, came(3)), keeps(1, 2, { ...came(4), bytes: 2 })),
  ],
  [
    'NothingMakesWayInVain',
    'what is held is thrown away for what is larger than all that may be kept',
    () => lived('perSender', { maxBytes: 10 }, named, keeps(1, 3, came(3)), keeps(0, 0, { ...came(2), bytes: 11 })),
  ],
  [
    'NextMakesRoom',
    'it waits, and what follows it is held on',
    () =>
      lived(
        'perSender',
        {},
        named,
        keeps(1, 3, came(1)),
        message(1),
        keeps(2, 6, came(3)),
        keeps(2, 6, { ...came(2) }),
      ),
  ],
  [
    'AnswersAreKept',
    'it comes late, when less is asked for',
    () =>
      lived(
        'perSender',
        {},
        named,
        keeps(1, 3, came(1)),
        message(1),
        asked(2, 4, 7),
        keeps(1, 3, { what: 'Woken' }),
        asked(2, 3, 8),
        keeps(1, 3, replayed(4, 7)),
      ),
  ],
  [
    'TooLargeIsLost',
    'it is waited for without end',
    () =>
      lived(
        'perSender',
        { maxBytes: 10 },
        named,
        keeps(1, 3, came(1)),
        message(1),
        asked(2, 2, 7),
        keeps(1, 3, replayed(2, 7, 11)),
        keeps(1, 3, woken(2000)),
        keeps(1, 3, woken(9000)),
      ),
  ],
  [
    'RoomGathers',
    'what found no room is told of as soon as something else has found some',
    () =>
      lived(
        'perSender',
        { maxMessages: 4 },
        keeps(4, 0, { what: 'Strayed' }),
        handed({ _tag: 'Overflowed', count: 1 }),
      ),
  ],
  [
    'RoomGathers',
    'what found no room is asked for at once',
    () => lived('perSender', { maxMessages: 4 }, keeps(4, 12, came(5)), asked(5, 5, 7)),
  ],
]
