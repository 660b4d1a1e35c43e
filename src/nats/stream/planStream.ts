/**
 * Creates, checks or changes the stream of sequenced subjects, with requests to the JetStream API.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Json from 'fp-ts/lib/Json.js'
import * as t from 'io-ts'
import * as Subject from '../../core/protocol/Subject.ts'
import type { Connection, Msg } from '../client/Connection.ts'
import { inboxPrefix } from '../client/inbox.ts'
import type { StreamAddress } from '../client/streamApi.ts'
import { streamAddress, streamUnavailable } from '../client/streamApi.ts'
import { requestOnce } from '../client/streamRequests.ts'
import type { StreamRefused } from '../errors.ts'
import { orThrow, sequencedError } from '../errors.ts'
import { parsePrefix } from '../options.ts'
import { explainStreamPlan } from './explain.ts'
import type { PlanStreamOptions } from './options.ts'
import { captures, checkPlanOptions } from './options.ts'
import type { StreamPlan, Wanted } from './StreamPlan.ts'
import { changesOf, conflictsOf, StreamConfig, settingsFor } from './StreamPlan.ts'

/** How long the server may take to answer, in ms. */
const answerTimeout = 5000

const Refusal = t.type({ error: t.type({ err_code: t.number, description: t.string }) })

const Info = t.type({ config: StreamConfig, state: t.type({ messages: t.number, bytes: t.number }) })

type Info = t.TypeOf<typeof Info>

const Answer = t.union([Refusal, Info])

const NOT_FOUND = 10059

const remedies: Readonly<Record<number, string>> = {
  10005: 'Lower replicas, or add servers with JetStream to the cluster.',
  10028: 'Lower maxBytes, or raise the memory limit of JetStream.',
  10039: 'Enable JetStream for the account.',
  10047: 'Lower maxBytes, or raise the storage limit of JetStream.',
  10052: 'Correct what it names.',
  10058: 'Somebody has created it meanwhile: plan again.',
  10065: 'Another stream captures some of these subjects: plan that stream, or remove them there.',
  10074: 'Set replicas: 1, or use a cluster.',
  10076: 'Enable JetStream on the server.',
}

const decoder = new TextDecoder()

/** The answer to a request about a stream. */
export const parseAnswer = (msg: Msg) => pipe(Json.parse(decoder.decode(msg.data)), E.chainW(Answer.decode))

/** Sends one request, and decodes its answer. */
const request = async (
  nc: Connection,
  address: StreamAddress,
  verb: StreamRefused['request'],
  body: object,
): Promise<t.TypeOf<typeof Answer>> => {
  const msg = await requestOnce(nc, `${address.api}.STREAM.${verb}.${address.stream}`, body, answerTimeout)
  // Without responders the answer is empty.
  const answer = msg && parseAnswer(msg)
  if (answer === undefined || E.isLeft(answer)) throw streamUnavailable(address, 'NoAnswer', `STREAM.${verb}`)
  return answer.right
}

const refused = (
  { stream, api }: StreamAddress,
  verb: StreamRefused['request'],
  { err_code, description }: t.TypeOf<typeof Refusal>['error'],
) =>
  sequencedError(
    `The server refuses STREAM.${verb} of ${stream} at ${api}: ${description} (${err_code}). ${remedies[err_code] ?? ''}`.trimEnd(),
    { _tag: 'StreamRefused', stream, api, request: verb, code: err_code, description },
  )

/** What the stream is; `undefined` if it does not exist. */
const read = async (nc: Connection, address: StreamAddress): Promise<Info | undefined> => {
  const answer = await request(nc, address, 'INFO', {})
  if (!('error' in answer)) return answer
  if (answer.error.err_code === NOT_FOUND) return undefined
  throw refused(address, 'INFO', answer.error)
}

const write = async (
  nc: Connection,
  address: StreamAddress,
  verb: 'CREATE' | 'UPDATE',
  config: object,
): Promise<void> => {
  const answer = await request(nc, address, verb, config)
  if ('error' in answer) throw refused(address, verb, answer.error)
}

/** Changes the stream if it is still what it was. */
const change = async (nc: Connection, address: StreamAddress, before: StreamConfig, to: object): Promise<void> => {
  const now = await read(nc, address)
  if (now === undefined || JSON.stringify(now.config) !== JSON.stringify(before))
    throw sequencedError(`The stream ${address.stream} has changed since it was planned: plan again.`, {
      _tag: 'PlanOutdated',
      ...address,
    })
  // The server takes a whole configuration: fields that are left out would be reset.
  await write(nc, address, 'UPDATE', { ...before, ...to })
}

/** The plan for a stream that exists. */
const planFor = (nc: Connection, address: StreamAddress, wanted: Wanted, { config, state }: Info): StreamPlan => {
  const settings = settingsFor(wanted, config)
  const changes = changesOf(config, settings)
  const conflicts = conflictsOf(wanted, config, changes)
  const { messages, bytes } = state
  const common = { ...address, settings, messages, bytes }
  if (conflicts.length > 0) {
    const plan: StreamPlan = {
      _tag: 'Incompatible',
      ...common,
      captured: config.subjects ?? [],
      conflicts,
      apply: async () => {
        throw sequencedError(explainStreamPlan(plan), {
          _tag: 'StreamIncompatible',
          ...address,
          settings: conflicts.map(c => c.setting),
        })
      },
    }
    return plan
  }
  return changes.length === 0
    ? { _tag: 'Unchanged', ...common, apply: async () => undefined }
    : { _tag: 'Change', ...common, changes, apply: () => change(nc, address, config, settings) }
}

/**
 * Plans the JetStream stream of sequenced subjects: a source for `fromJetStream`. It reads what exists, and says what
 * it would do. `apply()` of the plan does it, and `explain` puts the plan into sentences.
 *
 * The stream captures the numbered subjects and no heartbeats, requests or answers. It has direct access, and limits of
 * age, bytes and messages. With `fence` (default) the server stores one message per number and refuses a second one: a
 * publish with acknowledgement (JetStream) gets an error, and a plain publish gets none. Core subscribers receive the
 * refused message all the same.
 *
 * - A message that a publisher sends again after a reconnect is refused if the stream has it already. Nothing is lost.
 * - In `single`, the messages of a sender that restarts at 1 are refused until `maxAge` has removed those of the run
 *   before. Set `from: 'clock'` at the publisher, or use `perSender`.
 * - A stream that reaches `maxBytes` or `maxMessages` refuses new messages until old ones reach `maxAge`. So choose
 *   limits above what arrives within `maxAge`, or set `fence: false`: then the oldest messages are deleted instead.
 *
 * A filter can't tell a number from another token: the stream also captures messages without a number that have the
 * same number of tokens, and all of them below a filter such as `prices.>`.
 *
 * Settings of an existing stream that sequences don't need stay: description, placement, republish, other subjects. If
 * the stream captures other subjects too, limits and the fence can't change, because they would apply to those
 * messages: the plan is `Incompatible`. It needs nats-server 2.9.2 or newer, and the permission to publish to
 * `$JS.API.STREAM.INFO.<stream>`; `apply()` needs `STREAM.CREATE` or `STREAM.UPDATE`.
 *
 * Rejects with a `SequencedError`: `BadStream`, `BadSubject` or `BadOption` for arguments that are not valid,
 * `CapturesControl` for subjects such as `>` and `*.*`, `StreamUnavailable` if nobody answers within 5 s, and
 * `StreamRefused` if the server answers with an error.
 *
 * @example
 * import { explain, planStream } from 'nats-sequenced'
 *
 * const plan = await planStream(nc, 'UPDATES', { subjects: ['updates'], maxAge: 3_600_000 })
 * plan._tag // 'Create'
 * await plan.apply()
 * const next = await planStream(nc, 'UPDATES', { subjects: ['updates'] })
 * explain(next)
 * // 'The stream UPDATES needs no change. It holds 0 messages of at most 1,000,000, and 0 bytes of at most 512 MiB. The server refuses a second message of a number. While the stream is full, it also refuses new messages, until old ones reach max_age.'
 *
 * @since 0.1.0
 */
export const planStream = async (nc: Connection, stream: string, options: PlanStreamOptions): Promise<StreamPlan> => {
  // Only `subjects` is required, and JavaScript callers may forget it.
  checkPlanOptions({ ...options, subjects: options.subjects ?? [] })
  const address = streamAddress(stream, options)
  const control = [parsePrefix(options.prefix), inboxPrefix(nc)].map(first =>
    orThrow(Subject.explain)(Subject.parseFilter(`${first}.>`)),
  )
  const wanted: Wanted = { options, captures: captures(options, control), control }
  const existing = await read(nc, address)
  if (existing !== undefined) return planFor(nc, address, wanted, existing)
  const settings = settingsFor(wanted)
  const create = { name: stream, retention: 'limits', ...settings }
  return { _tag: 'Create', ...address, settings, apply: () => write(nc, address, 'CREATE', create) }
}
