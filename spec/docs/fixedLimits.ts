// The table of limits in docs/defaults.md that no option changes.
import { table } from './markers.ts'
import { bytes, messages, ms, written } from './optionTable.ts'
import { amount } from './sources.ts'

/** What no option changes. */
export const fixedLimits = (): string => {
  const row = (what: string, file: string, name: string, unit: string): ReadonlyArray<string> => [
    what,
    written(amount(file, name), unit),
    unit,
  ]
  return table(
    ['what', 'limit', 'unit'],
    [
      row('heartbeats of a connection', 'src/nats/publish/heartbeatTimer.ts', 'maxPerSecond', 'a second'),
      row(
        'live subjects of `publishers` and of each filter of `sequenced`',
        'src/nats/publish/multiPublisher.ts',
        'maxLiveSubjects',
        'subjects',
      ),
      row('time between flushes while messages are sent', 'src/core/sender/FlushWatermark.ts', 'everyMs', ms),
      row('or bytes between flushes', 'src/core/sender/FlushWatermark.ts', 'everyBytes', bytes),
      row('a subject', 'src/core/protocol/Subject.ts', 'maxLength', bytes),
      row('requests of one requester that wait at a sender', 'src/core/sender/FairQueue.ts', 'capacity', 'requests'),
      row(
        'gaps of a sender that a receiver requests at a time',
        'src/core/receiver/gapRequests.ts',
        'maxRequested',
        'gaps',
      ),
      row('numbers of a gap that it requests at a time', 'src/core/receiver/gapRequests.ts', 'page', 'numbers'),
      row('how long a repeated number is kept apart in `single`', 'src/core/receiver/parked.ts', 'parkTime', ms),
      row(
        'messages whose number is not confirmed, for each sender',
        'src/core/receiver/Probe.ts',
        'maxUnproved',
        messages,
      ),
      row('runs of one sender name that are followed', 'src/core/receiver/originTable.ts', 'maxRuns', 'runs'),
      row('notices that wait for a reader', 'src/nats/internal/notices.ts', 'maxRecent', 'notices'),
      row('origins in a loss report', 'src/core/receiver/LossReport.ts', 'maxOrigins', 'origins'),
      row('ranges of an origin in a loss report', 'src/core/receiver/LossReport.ts', 'maxRanges', 'ranges'),
      row(
        'messages that a drop-in holds until it knows whether they are numbered',
        'src/core/detection/queue.ts',
        'maxMessages',
        messages,
      ),
      row('or their size', 'src/core/detection/queue.ts', 'maxBytes', bytes),
      row('how long a stream may take to answer', 'src/nats/receive/receive.ts', 'streamTimeout', ms),
    ],
  )
}
