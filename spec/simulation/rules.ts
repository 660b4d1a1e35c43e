// The rules of the auditor. Each one is about something that a user can see, or about the cost on the wire. The numbers
// are those of the promises in docs/correctness.md.

export const rules = {
  // --- what a receiver delivers
  EveryNumberSettled: 'every number after a start is delivered or reported lost (1)',
  ArrivedIsReported:
    'a message that arrived live is delivered, in a sequence or `Unsequenced`, or reported or counted (1)',
  OrderedAscends: 'in `ordered`, delivered and lost numbers are one ascending run without repeats (2)',
  NothingInvented: 'what is delivered was published, and is identical (3)',
  DeliveredOrLost: 'no number is delivered twice, or both delivered and lost (4)',
  LostOnlyWhenLost: 'nothing is reported lost that a reachable replayer holds, or before a deadline has passed (5)',
  TailLossFound: 'the loss of the last message is noticed with the next heartbeat that arrives, plus the grace (6)',
  GapsSettle: 'after the network heals every gap settles in bounded time (7)',
  GapsHaveReason: 'only numbers that were sent are reported missing or lost (3)',
  ForgeryHidesNothing: 'a forged or stray message makes no genuine one vanish silently (9)',
  EpochsNeverMix: 'origins and epochs never mix (10)',
  CrashLeavesNoHole: 'a crash plus saved positions leaves no hole (12)',
  // --- its notices
  SilenceReported: 'a sender that stops sending is reported `Silent`, no other is, and `Resumed` ends that',
  EndReported: 'the end of a closed sender is reported with its last number when everything before it is settled',
  ConflictReported:
    'two senders of one `single` subject that a receiver hears in turns are reported, as a conflict or a restart',
  NoticesOnce: 'a gap and a mismatch are reported once',
  // --- its bounds and requests
  MemoryBounded: 'memory stays within the configured bounds, and what fits is not turned away (8)',
  RequestsInBudget: 'requests and replays are a few times what is missing, and repeated with a pause (11)',
  RequestsFit: 'a request is for numbers that there is room for, names its run, and is sent while connected (8, 11)',
  RequestsEnd: 'when everything is settled no requests are sent (11)',
  // --- senders
  PublishedOrReported: 'what a sender accepted is sent again after a reconnect, or reported (13)',
  NumberedOnce: 'no run gives a number twice, or one above 2^53-1',
  HeartbeatsKept: 'heartbeats follow in the time that was promised, and within their budget (6, 11)',
  HeadsAreTrue: 'a head names the newest number, and its state (6)',
  EndedHeartbeatsSent: 'a sender that closes sends three last heartbeats within 200 ms, and then none',
  ResentIfUnsure: 'a reconnect repeats only what may not have arrived, and never what the client refused (13)',
  FlushedInTime: 'one flush at a time, none while disconnected, and none later than 100 ms or 1 MiB after a message',
  // --- replays
  RefusedOnlyWhenGone: 'a sender refuses only what it does not hold (5)',
  AnswersInBudget:
    'a request is answered number by number, each once, within the limits of a page and of a request (11)',
} as const

export type Rule = keyof typeof rules

export interface Violation {
  readonly rule: Rule
  readonly at: number
  readonly what: string
}

export type Report = (rule: Rule, at: number, what: string) => void
