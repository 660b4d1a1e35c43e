// The guards of src/core: pieces of code that keep a promise of docs/correctness.md. Each entry replaces one of them.
// `npm run -s guards` does so one by one. A seed of the simulator or a test must fail without the guard.

export interface Guard {
  /** The number of the promise that it keeps. */
  readonly promise: number
  readonly name: string
  /** Below src/core. */
  readonly file: string
  /** The text with the guard, which the file has exactly once, and the text without it. */
  readonly without: readonly [from: string, to: string]
  /** The effect of its absence. */
  readonly why: string
}

/** The source without the guard. */
export const withoutGuard = ({ name, file, without: [from, to] }: Omit<Guard, 'promise'>, source: string): string => {
  const parts = source.split(from)
  if (parts.length !== 2)
    throw new Error(`${file} has the text of the guard "${name}" ${parts.length - 1} times, not once`)
  return parts.join(to)
}

type Text = Pick<Guard, 'file' | 'without' | 'why'>

const text =
  (file: string) =>
  (without: Guard['without'], why: string): Text => ({ file, without, why })

/** The guards of one promise, by name. */
const keeping = (promise: number, texts: Readonly<Record<string, Text>>): ReadonlyArray<Guard> =>
  Object.entries(texts).map(([name, { file, without, why }]) => ({ promise, name, file, without, why }))

export const guards: ReadonlyArray<Guard> = [
  // Every number after a receiver's start is delivered or reported lost.
  ...keeping(1, {
    'numbers before a new message are missing': text('receiver/reorder.ts')(
      ["isNew ? noticeMissing(step, about, before, n - 1, 'Data') : before", 'before'],
      'The receiver skips lost messages silently.',
    ),
    'a message without room is missing': text('receiver/reorder.ts')(
      ['return boundGaps(step, about, B.extend(b, n, Number.POSITIVE_INFINITY))', 'return b'],
      'A slow consumer loses messages silently.',
    ),
    'the rest of a gap stays missing': text('receiver/ReorderBuffer.ts')(
      ['return replace(replace(without(l, interval.first), below), above)', 'return without(l, interval.first)'],
      'When one message of a gap arrives, the others are lost silently.',
    ),
    'a message of one origin too many is delivered': text('receiver/Receiver.ts')(
      ['return onUnsequenced(followed, step, message, a.bytes)', 'return followed'],
      'Messages of senders beyond `maxOrigins` are lost silently.',
    ),
    'an evicted origin is reported lost': text('receiver/originTable.ts')(
      ['else gone(step, s.about, s.buffer.next)', ''],
      'If an evicted sender goes on, the messages in between are lost silently.',
    ),
    'missing messages of a run that is left are lost': text('receiver/follow.ts')(
      ["settleAll(step, s.about, old, 'gone')", 'old'],
      'A restart hides the gaps of the run before it.',
    ),
    'a conflict delivers the messages that wait': text('receiver/follow.ts')(
      [
        "for (const a of Probe.takeAll(step, s.probe)) deliverUnsequenced(step, s.origin, a, 'Conflict')",
        'Probe.takeAll(step, s.probe)',
      ],
      'Messages that arrive while the receiver checks a second sender are lost silently.',
    ),
    'numbers dropped during an unanswered probe are missing': text('receiver/unanswered.ts')(
      [": noticeMissing(step, s.about, s.buffer, dropped.last, 'Data')", ': s.buffer'],
      'If nobody answers, messages that found no room are lost silently.',
    ),
  }),
  // In `ordered`, delivered and lost numbers are one ascending run without repeats.
  ...keeping(2, {
    'a held message waits for the gap below it': text('receiver/reorder.ts')(
      ['B.frontMissing(before)?.first ?? Number.POSITIVE_INFINITY', 'Number.POSITIVE_INFINITY'],
      'The receiver delivers messages out of order.',
    ),
    'the fast path takes nothing while a gap is open': text('receiver/fastPath.ts')(
      ['s.buffer.missing !== undefined || s.far', 's.far'],
      'The receiver forgets gaps and held messages.',
    ),
    'a refused number waits for its turn': text('receiver/onReplay.ts')(
      ["if (step.settings.mode === 'arrival') b =", 'b ='],
      'The receiver reports a loss before it delivers lower numbers.',
    ),
  }),
  // Only published messages are delivered, with identical bytes, headers and reply.
  ...keeping(3, {
    'the history keeps a copy of the bytes': text('sender/PayloadChunks.ts')(
      ['const view = new Uint8Array(c.buffer, c.used, bytes.length)\n  view.set(bytes)', 'const view = bytes'],
      'A replay sends what the application wrote into its buffer later.',
    ),
    'a head of the other addressing is not followed': text('receiver/Receiver.ts')(
      ['if (addressingOf(origin) !== self.addressing) {', 'if (false as boolean) {'],
      'The receiver reports losses of an origin that cannot reach its subscription.',
    ),
  }),
  // No number is delivered twice, or both delivered and lost.
  ...keeping(4, {
    'numbers end at 2^53-1': text('sender/Sender.ts')(
      ['self.head >= SequenceNumber.last\n', 'false\n'],
      'A sender uses its last number twice.',
    ),
    'a seen number is a duplicate': text('receiver/reorder.ts')(
      ['if (isSeen(before, n)) {', 'if (false as boolean) {'],
      'The receiver delivers a message twice.',
    ),
  }),
  // A message that a reachable replayer holds is not reported lost before the deadline.
  ...keeping(5, {
    'a number that is not sent yet is not refused as gone': text('sender/ReplayQueue.ts')(
      ['if (first > source.head(origin)) return refusal(404, last)\n', ''],
      'A receiver reports a message lost that is about to be sent.',
    ),
    'a refusal covers only evicted numbers': text('sender/ReplayQueue.ts')(
      ['Math.max(first, r.range ? oldest - 1 : first)', 'last'],
      'The sender refuses messages that it holds.',
    ),
    'no gap expires while the consumer has no room': text('receiver/reorder.ts')(
      ['if (!keepsUp(step)) {', 'if (false as boolean) {'],
      'A slow consumer loses messages that the sender still holds.',
    ),
    'progress renews the deadline of a gap': text('receiver/onReplay.ts')(
      ['deadline: step.now + step.settings.gapTimeout,', 'deadline: m.deadline,'],
      'A long gap expires while its messages arrive.',
    ),
    'time stops while disconnected': text('receiver/Receiver.ts')(
      ['lag: session.lag + now - (session.away ?? now)', 'lag: session.lag'],
      'All gaps expire with the reconnect, before they can be requested.',
    ),
  }),
  // Heartbeats reveal tail loss within the promised time.
  ...keeping(6, {
    'each message renews the short wait': text('sender/Sender.ts')(
      [
        'moved(self, self.head + count, now, self.heartbeatAt, undefined)',
        'moved(self, self.head + count, now, self.heartbeatAt, self.wait)',
      ],
      'After a pause the loss of a message is found up to 5 s late.',
    ),
    'a sender that closes sends three heartbeats': text('sender/Sender.ts')(
      ['const endedDelays = [50, 100, 200]', 'const endedDelays = [50]'],
      'Over a lossy link the end goes unnoticed.',
    ),
    'a heartbeat reveals missing numbers': text('receiver/onHead.ts')(
      ["const buffer = noticeMissing(step, s.about, before, head.head, 'Heartbeat')", 'const buffer = before'],
      'The loss of the last message goes unnoticed.',
    ),
    'the first head reveals missing numbers': text('receiver/follow.ts')(
      ["{ buffer: noticeMissing(step, s.about, b, head.head, 'Heartbeat'), seen }", '{ buffer: b, seen }'],
      'The loss of the last message before the answer goes unnoticed.',
    ),
    'a late sender is reported silent': text('receiver/onReconnect.ts')(
      [
        'contact: silent(step, s.about, s.contact.max)',
        "contact: { _tag: 'Silent', max: s.contact.max, reported: false }",
      ],
      'A sender stops, and nobody notices.',
    ),
  }),
  // After the network heals, every gap settles in bounded time.
  ...keeping(7, {
    'forgotten numbers are requested when there is room': text('receiver/ReorderBuffer.ts')(
      ['for (const { value } of M.entries(l.dropped)) after = replace(after, { ...value, deadline })\n', ''],
      'Numbers that found no room stay missing forever.',
    ),
    'gaps are requested again after a reconnect': text('receiver/onReconnect.ts')(
      ['buffer: B.withoutRequests(s.buffer),', 'buffer: s.buffer,'],
      'A gap waits for answers that the disconnect discarded.',
    ),
    'a timer that fires early is set again': text('receiver/Receiver.ts')(
      ["wakeAt !== self.wakeAt || event._tag === 'Tick'", 'wakeAt !== self.wakeAt'],
      'A receiver whose timer fires early never wakes again.',
    ),
    'a heartbeat decides when nobody answers': text('receiver/follow.ts')(
      ['const heartbeat = heardHead(step, s)', 'const heartbeat = undefined as Head | undefined'],
      'A receiver that may not send requests never starts at the head of the sender.',
    ),
    'a probe ends without an answer': text('receiver/Probe.ts')(
      ['if (p.tries >= step.settings.requestAttempts) return undefined', ''],
      'Messages of plain clients wait forever.',
    ),
  }),
  // Memory stays within the configured bounds for any input.
  ...keeping(8, {
    'the history is bounded in bytes': text('sender/History.ts')(
      [' && h.bytes + bytes + perOrigin <= h.limits.bytes', ''],
      'Large messages fill the memory.',
    ),
    'waiting requests are bounded': text('sender/FairQueue.ts')(
      ['items.length < Math.floor(capacity / waiting)', '(true as boolean)'],
      'Requests fill the memory.',
    ),
    'remembered requesters are bounded': text('sender/Budget.ts')(
      ['at > now && M.size(kept.paidAt) <= maxRequesters', 'at > now'],
      'Reply subjects that a client makes up fill the memory.',
    ),
    'gaps are bounded': text('receiver/reorder.ts')(
      [
        'front !== undefined && countedGaps(b) > 0 && !mayStayOpen(step, countedGaps(b));',
        'front !== undefined && (false as boolean);',
      ],
      'Far apart numbers fill the memory.',
    ),
    'held messages are bounded': text('receiver/reorder.ts')(
      ['if (!fits(step, b, n, a.bytes)) {', 'if (false as boolean) {'],
      'Messages behind a gap fill the memory.',
    ),
    'a sender holds no more than is free': text('receiver/Step.ts')(
      ['step.heldMessages < step.settings.maxMessages - step.messages &&', ''],
      'One sender takes the room of all others.',
    ),
    'a blocked origin drops its held messages': text('receiver/reorder.ts')(
      ['n === b.next && step.unprocessedBytes + bytes <= maxBytes', 'false as boolean'],
      'Origins that fill the reorder buffer together block one another forever.',
    ),
    'origins are bounded': text('receiver/originTable.ts')(
      [
        'if (table.origins.size < settings.maxOrigins && !isOverShare) return [self, true]',
        'if (true as boolean) return [self, true]',
      ],
      'Senders with invented names fill the memory.',
    ),
  }),
  // A forged or stray message does not make a genuine one vanish silently.
  ...keeping(9, {
    'a far number waits for an answer': text('receiver/onMessage.ts')(
      ['if (a.number > horizon(step, s.buffer)) return holdFar(step, s, a)', ''],
      'One forged message opens a gap up to its number.',
    ),
    'a far head waits for an answer': text('receiver/onHead.ts')(
      ['if (head.head > horizon(step, s.buffer)) return checkFar(step, s, head)', ''],
      'One forged heartbeat opens a gap up to its number.',
    ),
    'the first head is an answer': text('receiver/onHead.ts')(
      ['isFresh(step, s, heard.head) ? begin(step, s, heard)', '(true as boolean) ? begin(step, s, heard)'],
      'A late heartbeat of a run that is over decides where the receiver starts.',
    ),
    'one heartbeat of another epoch restarts nothing': text('receiver/onHead.ts')(
      ["known !== undefined ? 'heartbeat' : 'cause'", "'heartbeat'"],
      'If the sender does not answer, one forged heartbeat ends its run.',
    ),
    'a refusal answers a request for the number': text('receiver/onReplay.ts')(
      ['if (requestId < m.request.since || requestId > step.lastRequestId || from > m.request.upTo) continue', ''],
      'A stray refusal makes the receiver give up a message.',
    ),
  }),
  // Origins and epochs do not mix.
  ...keeping(10, {
    'a run answers only for itself': text('sender/ReplayQueue.ts')(
      ['if (r.epoch !== undefined && r.epoch !== source.epoch(origin)) return refusal(410, last)\n', ''],
      'A replay sends messages of another run.',
    ),
    'a seen number in `single` is checked': text('receiver/onMessage.ts')(
      ['if (!isSingle(s)) {', 'if (true as boolean) {'],
      'The receiver drops the messages of a restarted sender as duplicates.',
    ),
    'a message after a silence is checked': text('receiver/onMessage.ts')(
      ["if (isSingle(s) && s.contact._tag === 'Silent') return checkWith(step, s, a)", ''],
      'The receiver continues the run before with messages of a restarted sender.',
    ),
    'a reconnect checks the run': text('receiver/onReconnect.ts')(
      ['if (isSingle(s)) return check(step, again, { probe })', ''],
      'The receiver continues the run before with messages of a sender that restarted meanwhile.',
    ),
    'a run that was left continues where it was left': text('receiver/follow.ts')(
      ['return Math.max(head.start, next ?? 0)', 'return head.start'],
      'The receiver delivers a run again from its start.',
    ),
    'a restart takes only numbers of the new run': text('receiver/follow.ts')(
      ['a.number >= start && (a.number <= head.head || (a.number <= reach && Probe.isNewSince(s.before, a)))', 'true'],
      'The receiver delivers messages of the run before as messages of the new one.',
    ),
    'two live epochs are a conflict': text('receiver/onHead.ts')(
      ["return other.head.state === 'live' ? 'both' : 'own'", "return 'other'"],
      'The receiver restarts with each message of two live senders.',
    ),
    'a parked message of a second sender is delivered': text('receiver/parked.ts')(
      [
        "if (isSecondSenderHeard(s, at)) deliverUnsequenced(step, s.origin, arrival, 'Conflict')\n    else step",
        'step',
      ],
      'Messages of a second sender with numbers that were seen are dropped as duplicates.',
    ),
    'consecutive numbers do not restart a run that is heard': text('receiver/unanswered.ts')(
      ["s.epoch === undefined || (s.contact._tag === 'Silent' && s.refused)", 'true'],
      'Duplicates end a run whose sender is alive.',
    ),
  }),
  // Replay traffic stays within its budget.
  ...keeping(11, {
    'heartbeats stay within their budget': text('sender/HeartbeatSchedule.ts')(
      ['first.at <= now && current.tokens >= 1', 'first.at <= now'],
      'A sender of many origins floods its connection with heartbeats.',
    ),
    'a repeated request replaces the one before': text('sender/ReplayQueue.ts')(
      ['const replaced = waiting.filter(isReplaced)', 'const replaced = waiting.filter(() => false)'],
      'Each repetition of a request is served again.',
    ),
    'requests are served in turn': text('sender/ReplayQueue.ts')(
      ['const numbers = isCrowded ? maxPerTurnInCrowd : maxPerTurn', 'const numbers = left.messages'],
      'One request blocks all others.',
    ),
    'a request covers only what finds room': text('receiver/gapRequests.ts')(
      ['m.first + Math.min(page, room) - 1', 'm.first + page - 1'],
      'The receiver requests messages, drops them, and requests them again.',
    ),
    'the pause between requests grows': text('receiver/gapRequests.ts')(
      [' * 2 ** Math.min(tries, 4) * jitter', ' * 0 * jitter'],
      'The receiver repeats an unanswered request without a pause.',
    ),
    'nothing is requested while disconnected': text('receiver/originTable.ts')(
      ['isAway ? settled : requestGaps(step, before, settled)', 'requestGaps(step, before, settled)'],
      'Requests get lost, and their gaps wait for answers.',
    ),
    'the rest of a page is requested after progress only': text('receiver/onReplay.ts')(
      ['m.first > last && request.tries === 0', 'm.first > last'],
      'Two sides that make no progress exchange requests and answers without a pause.',
    ),
  }),
  // A crash plus saved positions gives at-least-once without holes.
  ...keeping(12, {
    'a saved run that is over is lost from its position on': text('receiver/start.ts')(
      ['gone(step, s.about, number + 1)', ''],
      'Messages that the run sent after the crash are lost silently.',
    ),
    'a saved position is of the same run': text('receiver/start.ts')(
      ['if (isSame) return', 'if (true as boolean) return'],
      'The receiver skips the first numbers of a new run.',
    ),
    'a position in `arrival` stays below the first gap': text('receiver/reorder.ts')(
      ['deliver(step, message, a.bytes, after.next - 1)', 'deliver(step, message, a.bytes, n)'],
      'After a crash the open gaps are lost silently.',
    ),
  }),
  // Whatever a sender accepts is received or reported, across reconnects and at its end.
  ...keeping(13, {
    'a flush confirms only what was sent before it': text('sender/FlushWatermark.ts')(
      ['pending: { serial: self.sent },', 'pending: { serial: Number.POSITIVE_INFINITY },'],
      'Messages that are published during a flush count as confirmed.',
    ),
    'a flush that fails confirms nothing': text('sender/FlushWatermark.ts')(
      ['completed ? flush.serial : self.confirmed', 'flush.serial'],
      'Messages that the disconnect discarded count as confirmed.',
    ),
    'unconfirmed messages make no room': text('sender/History.ts')(
      [
        'if (i >= h.tail || field(h.rows.serial, i & h.rows.mask) > serial) return false',
        'if (i >= h.tail) return false',
      ],
      'While disconnected the sender drops messages that it accepted.',
    ),
    'a reconnect repeats only unconfirmed messages': text('sender/History.ts')(
      ['for (let newest = serial; ; ) {', 'for (let newest = 0; ; ) {'],
      'A reconnect publishes the whole history again.',
    ),
  }),
]
