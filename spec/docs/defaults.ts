// The generated parts of docs/defaults.md: defaults come from the code, bounds from the codecs of the options.
import { defaults as receiver } from '../../src/core/receiver/settings.ts'
import { defaultLimits } from '../../src/core/sender/History.ts'
import type { SequencedOptions } from '../../src/dropin/options.ts'
import type { CollectOptions } from '../../src/metrics/promClient.ts'
import type { ReserveOptions } from '../../src/nats/durable/reserveNumbers.ts'
import type { SavedPositionsOptions } from '../../src/nats/durable/savedPositions.ts'
import { nonNegative } from '../../src/nats/options.ts'
import type { PermissionOptions } from '../../src/nats/permissions/permissions.ts'
import { publisherOptions } from '../../src/nats/publish/options.ts'
import type { PublisherOptions } from '../../src/nats/publish/types.ts'
import { receiveOptions } from '../../src/nats/receive/options.ts'
import type { ReplayOptions } from '../../src/nats/receive/requestReplay.ts'
import type { SubscribeOptions } from '../../src/nats/receive/subscribe.ts'
import type { PlanStreamOptions } from '../../src/nats/stream/options.ts'
import { settingsFor } from '../../src/nats/stream/StreamPlan.ts'
import { fixedLimits } from './fixedLimits.ts'
import type { Row } from './optionTable.ts'
import { bounds, bytes, messages, ms, optionTable } from './optionTable.ts'
import { amount, constant } from './sources.ts'

type Rows<Option extends string> = Readonly<Record<Option, Row>>

const literal = (value: number | string | boolean): string => (typeof value === 'string' ? `'${value}'` : `${value}`)

const session = 'src/nats/publish/publisherSession.ts'

const prefix = {
  is: literal(constant('src/nats/options.ts', 'prefix')),
  bounds: 'subject tokens, at most 64 bytes',
  why: 'use several separate systems in one account',
}
const addressing = {
  is: literal(constant(session, 'addressing')),
  bounds: "`'single'`, `'perSender'`",
  why: 'have several senders on one subject',
}

const publisher: Rows<
  Exclude<keyof PublisherOptions, 'history'> | 'history.messages' | 'history.bytes' | 'history.age'
> = {
  addressing,
  sender: { bounds: 'one token, at most 64 bytes', why: 'name the sender; required in `perSender`' },
  from: {
    is: amount(session, 'from'),
    bounds: "number 1 to 2^53-1, `'clock'`, reserved numbers",
    why: 'keep the numbers of a `single` sender ascending across restarts',
  },
  'history.messages': {
    is: defaultLimits.messages,
    unit: messages,
    bounds: bounds(nonNegative),
    why: 'replay more, or use less memory',
  },
  'history.bytes': {
    is: defaultLimits.bytes,
    unit: bytes,
    bounds: bounds(nonNegative),
    why: 'replay more, or use less memory',
  },
  'history.age': {
    is: defaultLimits.age,
    unit: ms,
    bounds: bounds(nonNegative),
    why: 'let receivers be away for longer',
  },
  heartbeatDelay: {
    is: amount('src/core/sender/Sender.ts', 'after'),
    unit: ms,
    bounds: bounds(publisherOptions.heartbeatDelay),
    why: 'notice the loss of a last message earlier or later',
  },
  maxHeartbeatInterval: {
    is: amount('src/core/sender/Sender.ts', 'max'),
    unit: ms,
    bounds: bounds(publisherOptions.maxHeartbeatInterval),
    why: 'notice a dead sender earlier, or send fewer heartbeats',
  },
  drainTimeout: {
    is: amount(session, 'drainTimeout'),
    unit: ms,
    bounds: bounds(publisherOptions.drainTimeout),
    why: 'wait longer for a reconnect at the end',
  },
  inboxes: { bounds: 'subjects without wildcards', why: 'answer receivers whose inboxes have other names' },
  sign: { bounds: 'function', why: 'sign each message (`signWith`)' },
  prefix,
}

const receiving: Rows<keyof typeof receiveOptions> = {
  addressing,
  mode: {
    is: literal(receiver.mode),
    bounds: "`'ordered'`, `'arrival'`",
    why: 'deliver at once, without waiting for missing messages',
  },
  start: {
    is: literal(String(receiver.start)),
    bounds: "`'new'`, `'all'`, `{ from }`, positions",
    why: 'receive earlier messages, or continue',
  },
  replayer: {
    is: 'fromSender',
    bounds: 'see [replayers](guides/jetstream.md)',
    why: 'recover from a stream',
  },
  gapTimeout: {
    is: receiver.gapTimeout,
    unit: ms,
    bounds: bounds(receiveOptions.gapTimeout),
    why: 'give up later, or hold later messages back for a shorter time',
  },
  requestTimeout: {
    is: receiver.requestTimeout,
    unit: ms,
    bounds: bounds(receiveOptions.requestTimeout),
    why: 'fit round trips above 50 ms',
  },
  requestAttempts: {
    is: receiver.requestAttempts,
    unit: 'requests',
    bounds: bounds(receiveOptions.requestAttempts),
    why: 'decide earlier or later that a sender does not answer',
  },
  heartbeatGrace: {
    is: receiver.heartbeatGrace,
    unit: ms,
    bounds: bounds(receiveOptions.heartbeatGrace),
    why: 'report `Silent` earlier or later',
  },
  maxMessages: {
    is: receiver.maxMessages,
    unit: messages,
    bounds: bounds(receiveOptions.maxMessages),
    why: 'hold more for a slow consumer; a sender may hold half',
  },
  maxBytes: {
    is: receiver.maxBytes,
    unit: bytes,
    bounds: bounds(receiveOptions.maxBytes),
    why: 'hold more for a slow consumer; a sender may hold half',
  },
  maxGaps: {
    is: receiver.maxGaps,
    unit: 'gaps',
    bounds: bounds(receiveOptions.maxGaps),
    why: 'tolerate more scattered loss; a sender gets half',
  },
  maxOrigins: {
    is: receiver.maxOrigins,
    unit: 'senders',
    bounds: bounds(receiveOptions.maxOrigins),
    why: 'follow more senders at once',
  },
  maxJump: {
    is: receiver.maxJump,
    unit: 'numbers',
    bounds: bounds(receiveOptions.maxJump),
    why: 'believe larger jumps without asking the sender',
  },
  drainTimeout: {
    is: amount('src/nats/receive/receive.ts', 'drainTimeout'),
    unit: ms,
    bounds: bounds(receiveOptions.drainTimeout),
    why: 'wait longer for a reconnect at the end',
  },
  acceptUnnumbered: {
    is: 'false',
    bounds: '`true`, `false`',
    why: 'also receive from senders that do not number yet',
  },
  verify: { bounds: 'function', why: 'accept only signed messages (`verifyWith`)' },
  prefix,
}

const subscription: Rows<Exclude<keyof SubscribeOptions, keyof typeof receiveOptions>> = {
  positions: { bounds: 'saved positions', why: 'continue after a restart' },
  callback: { bounds: 'function', why: 'receive without a loop' },
  onError: { bounds: 'function', why: 'handle exceptions of the callback; otherwise they are uncaught' },
}

const wrapping: Rows<Exclude<keyof SequencedOptions, keyof PublisherOptions | keyof typeof receiveOptions>> = {
  subjects: { bounds: 'subjects and filters, at least one', why: 'choose what is numbered; required' },
  onNotice: { bounds: 'function', why: 'learn of losses; otherwise they are process warnings' },
  lossAsError: { is: 'false', bounds: '`true`, `false`', why: 'pass losses to callbacks as `err`' },
  assumeNumbered: { is: 'false', bounds: '`true`, `false`', why: 'receive from senders that only number' },
  queueGroups: { is: 'false', bounds: '`true`, `false`', why: 'permit queue groups, without loss detection' },
}

const created = settingsFor({ options: { subjects: [] }, captures: [], control: [] })

const stream: Rows<keyof PlanStreamOptions> = {
  subjects: { bounds: 'subjects and filters, at least one', why: 'choose what is stored; required' },
  addressing,
  fence: {
    is: `${created.discard === 'new'}`,
    bounds: '`true`, `false`',
    why: 'let the newest message of a number win',
  },
  maxAge: {
    is: created.max_age / 1_000_000,
    unit: ms,
    bounds: 'number above 0, at most 292 years',
    why: 'recover older messages',
  },
  maxMessages: { is: created.max_msgs, unit: messages, bounds: 'integer 1 to 2^53-1', why: 'store more' },
  maxBytes: { is: created.max_bytes, unit: bytes, bounds: 'integer 1 to 2^53-1', why: 'store more' },
  storage: { is: literal(created.storage), bounds: "`'file'`, `'memory'`", why: 'trade durability for speed' },
  replicas: {
    is: created.num_replicas,
    unit: 'servers',
    bounds: 'integer 1 to 5',
    why: 'survive the loss of a server',
  },
  domain: { bounds: 'one token', why: 'use a JetStream domain' },
  apiPrefix: { bounds: 'a subject', why: 'use the JetStream API of another account' },
  prefix,
}

const positions: Rows<keyof SavedPositionsOptions> = {
  messages: {
    is: amount('src/nats/durable/savedPositions.ts', 'messages'),
    unit: 'deliveries',
    bounds: 'number above 0',
    why: 'repeat fewer deliveries after a crash, or save less often',
  },
  interval: {
    is: amount('src/nats/durable/savedPositions.ts', 'interval'),
    unit: ms,
    bounds: 'number above 0',
    why: 'repeat fewer deliveries after a crash, or save less often',
  },
  onError: { bounds: 'function', why: 'learn of failed saves; otherwise they are process warnings' },
}

const reservation: Rows<keyof ReserveOptions> = {
  block: {
    is: amount('src/nats/durable/reserveNumbers.ts', 'block'),
    unit: 'numbers',
    bounds: 'integer 1 to 2^53-1',
    why: 'publish more without a pause, or skip fewer numbers after a crash',
  },
  atLeast: {
    is: amount('src/nats/durable/reserveNumbers.ts', 'atLeast'),
    unit: 'number',
    bounds: 'integer 0 to 2^53-1',
    why: 'start above what a stream holds',
  },
}

const replay: Rows<keyof ReplayOptions> = {
  timeout: {
    is: amount('src/nats/receive/requestReplay.ts', 'timeout'),
    unit: ms,
    bounds: 'number above 0',
    why: 'wait longer for each answer',
  },
  prefix,
}

const permissionsFile = 'src/nats/permissions/permissions.ts'

const permissions: Rows<keyof PermissionOptions> = {
  addressing,
  sender: { bounds: 'one token, or a template of JWTs', why: 'name the sender; required for a sender in `perSender`' },
  replayer: { is: 'fromSender', bounds: 'see [replayers](guides/jetstream.md)', why: 'permit requests to a stream' },
  inboxPrefix: { is: literal('_INBOX'), bounds: 'a subject', why: 'match the inboxes of your receivers' },
  allowResponses: {
    is: literal(constant(permissionsFile, 'allowResponses')),
    bounds: '`true`, `false`',
    why: 'answer by `allow_responses` instead of a rule for inboxes',
  },
  prefix,
}

const metrics: Rows<keyof CollectOptions> = {
  perOrigin: {
    is: literal(constant('src/metrics/promClient.ts', 'perOrigin')),
    bounds: '`true`, `false`',
    why: 'add four gauges for each origin',
  },
}

export const defaultParts = (): ReadonlyMap<string, string> =>
  new Map([
    ['publisher', optionTable(publisher)],
    ['receiver', optionTable({ ...receiving, ...subscription })],
    ['wrapping', optionTable(wrapping)],
    ['stream', optionTable(stream)],
    ['positions', optionTable(positions)],
    ['reservation', optionTable(reservation)],
    ['replay', optionTable(replay)],
    ['permissions', optionTable(permissions)],
    ['metrics', optionTable(metrics)],
    ['fixed', fixedLimits()],
  ])
