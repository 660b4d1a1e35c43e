// What a plan says, what applying it changes, and what it refuses.
import { describe, expect, test } from '@jest/globals'
import { connect as dial } from 'nats'
import { explain, isSequencedError, sequenced } from '../../../src/index.ts'
import type { PlanStreamOptions } from '../../../src/nats/stream/options.ts'
import { planStream } from '../../../src/nats/stream/planStream.ts'
import type { Client } from '../clients.ts'
import { kinds, withServer } from '../clients.ts'
import { stage, store, stored } from './stage.ts'

const { server, connect, api, create, deleteLater } = stage()

const minute = 60_000_000_000

/** The settings of a stream that a plan created with default options. */
const made = {
  subjects: ['updates.*'],
  storage: 'file',
  num_replicas: 1,
  allow_direct: true,
  max_age: 10 * minute,
  max_bytes: 512 * 1024 * 1024,
  max_msgs: 1_000_000,
  max_msgs_per_subject: 1,
  discard: 'new',
  discard_new_per_subject: true,
}

const updates: PlanStreamOptions = { subjects: ['updates'] }

const configOf = async (nc: Client, name: string) => (await api(nc, `STREAM.INFO.${name}`)).config

/** The reason of the error, and its message. */
const refusal = async (promise: Promise<unknown>): Promise<{ readonly reason: object; readonly message: string }> => {
  const cause = await promise.then(
    () => undefined,
    (e: unknown) => e,
  )
  if (!isSequencedError(cause)) throw new Error(`not refused: ${String(cause)}`)
  return { reason: cause.reason, message: cause.message }
}

describe.each(kinds)('with $name, the plan of a stream', kind => {
  test('that does not exist creates it when it is applied, and not before', async () => {
    const nc = await connect(kind)
    const plan = await planStream(nc, 'S', updates)
    expect(plan).toMatchObject({ _tag: 'Create', stream: 'S', api: '$JS.API', settings: made })
    expect((await api(nc, 'STREAM.INFO.S')).error).toMatchObject({ err_code: 10059 })
    await plan.apply()
    deleteLater(nc, 'S')
    expect(await configOf(nc, 'S')).toMatchObject(made)
    expect(explain(plan)).toBe(
      'The stream S does not exist. It will be created: subjects updates.*, storage file, num_replicas 1, allow_direct true, max_age 10 min, max_bytes 512 MiB, max_msgs 1,000,000, max_msgs_per_subject 1, discard new, discard_new_per_subject true. The server refuses a second message of a number. While the stream is full, it also refuses new messages, until old ones reach max_age.',
    )
  })

  test('creates it with the settings of its options', async () => {
    const nc = await connect(kind)
    const plan = await planStream(nc, 'S', {
      subjects: ['prices.>', 'prices.eur', 'chat.*', 'chat.*'],
      addressing: 'perSender',
      maxAge: 30_000,
      maxBytes: 1000,
      maxMessages: 10,
      storage: 'memory',
      fence: false,
    })
    await plan.apply()
    deleteLater(nc, 'S')
    expect(await configOf(nc, 'S')).toMatchObject({
      subjects: ['prices.*.*.*.>', 'chat.*.*.*.*'],
      max_age: minute / 2,
      max_bytes: 1000,
      max_msgs: 10,
      storage: 'memory',
      discard: 'old',
    })
  })

  test('that is as it should be changes nothing, and keeps limits that are not set', async () => {
    const nc = await connect(kind)
    const options = { ...updates, maxAge: 1500, maxMessages: 5 }
    await (await planStream(nc, 'S', options)).apply()
    deleteLater(nc, 'S')
    await store(nc, 'updates.1', 'a')
    const before = await configOf(nc, 'S')
    for (const o of [options, updates]) {
      const plan = await planStream(nc, 'S', o)
      expect(plan).toMatchObject({ _tag: 'Unchanged', messages: 1, settings: { max_msgs: 5 } })
      await plan.apply()
    }
    expect(await configOf(nc, 'S')).toEqual(before)
  })

  test('that exists says what would change, and keeps all other settings', async () => {
    const nc = await connect(kind)
    const own = {
      description: 'mine',
      deny_delete: true,
      republish: { src: 'updates.*', dest: 'copy.{{wildcard(1)}}' },
    }
    await create(nc, 'S', { subjects: ['updates.1'], storage: 'file', max_msg_size: 2000, ...own })
    const before = await configOf(nc, 'S')
    const plan = await planStream(nc, 'S', { ...updates, maxAge: 60_000 })
    expect(await configOf(nc, 'S')).toEqual(before)
    const changes = [
      { setting: 'subjects', from: ['updates.1'], to: ['updates.*'] },
      { setting: 'allow_direct', from: false, to: true },
      { setting: 'max_age', from: 0, to: minute },
      { setting: 'max_bytes', from: -1, to: made.max_bytes },
      { setting: 'max_msgs', from: -1, to: made.max_msgs },
      { setting: 'max_msgs_per_subject', from: -1, to: 1 },
      { setting: 'discard', from: 'old', to: 'new' },
      { setting: 'discard_new_per_subject', from: false, to: true },
      { setting: 'duplicate_window', from: 2 * minute, to: minute },
    ]
    expect(plan).toMatchObject({ _tag: 'Change', changes })
    await plan.apply()
    expect(await configOf(nc, 'S')).toEqual({
      ...before,
      ...made,
      max_age: minute,
      duplicate_window: minute,
    })
    expect(explain(plan)).toBe(
      'The stream S will change: subjects from updates.1 to updates.*, allow_direct from false to true, max_age from unlimited to 1 min, max_bytes from unlimited to 512 MiB, max_msgs from unlimited to 1,000,000, max_msgs_per_subject from unlimited to 1, discard from old to new, discard_new_per_subject from false to true, duplicate_window from 2 min to 1 min. The server deletes messages beyond the new limits. It holds 0 messages of at most 1,000,000, and 0 bytes of at most 512 MiB. The server refuses a second message of a number. While the stream is full, it also refuses new messages, until old ones reach max_age.',
    )
  })

  test('adds subjects to a stream, and leaves those that cover them', async () => {
    const nc = await connect(kind)
    await (await planStream(nc, 'S', { subjects: ['updates', 'prices.>'] })).apply()
    deleteLater(nc, 'S')
    const plan = await planStream(nc, 'S', { subjects: ['prices.eur', 'news'] })
    expect(plan).toMatchObject({
      _tag: 'Change',
      changes: [{ setting: 'subjects', to: ['updates.*', 'prices.*.>', 'news.*'] }],
    })
    await plan.apply()
    expect(await store(nc, 'news.1', 'a')).toBe('stored')
  })

  test('takes the fence away, and says what a full stream does then', async () => {
    const nc = await connect(kind)
    await (await planStream(nc, 'S', updates)).apply()
    deleteLater(nc, 'S')
    const plan = await planStream(nc, 'S', { ...updates, fence: false })
    expect(explain(plan)).toBe(
      'The stream S will change: discard from new to old, discard_new_per_subject from true to false. It holds 0 messages of at most 1,000,000, and 0 bytes of at most 512 MiB. While the stream is full, the server deletes its oldest messages.',
    )
    await plan.apply()
    await store(nc, 'updates.1', 'first')
    await store(nc, 'updates.1', 'second')
    expect(await stored(nc, 'S', 'updates.1')).toBe('second')
  })

  test.each<[string, object, PlanStreamOptions, ReadonlyArray<readonly [string, string]>]>([
    ['another storage', { subjects: ['updates.*'] }, { ...updates, storage: 'file' }, [['storage', 'Fixed']]],
    ['another retention', { subjects: ['updates.*'], retention: 'workqueue' }, updates, [['retention', 'Fixed']]],
    [
      'limits for messages of other subjects',
      { subjects: ['updates.*', 'orders.>'], max_age: minute, max_msgs: 5, max_bytes: 1000 },
      { ...updates, maxMessages: 4 },
      [
        ['max_msgs', 'OtherSubjects'],
        ['max_msgs_per_subject', 'OtherSubjects'],
        ['discard', 'OtherSubjects'],
        ['discard_new_per_subject', 'OtherSubjects'],
      ],
    ],
    [
      'control traffic',
      { subjects: ['updates.*', '_SEQ.HB.>'], max_age: minute, max_msgs: 5, max_bytes: 1000 },
      { ...updates, fence: false },
      [['subjects', 'ControlSubjects']],
    ],
  ])('is incompatible with a stream that has %s', async (_, existing, options, conflicts) => {
    const nc = await connect(kind)
    await create(nc, 'S', existing)
    const before = await configOf(nc, 'S')
    const plan = await planStream(nc, 'S', options)
    expect(plan._tag).toBe('Incompatible')
    expect('conflicts' in plan && plan.conflicts.map(c => [c.setting, c.why])).toEqual(conflicts)
    const { reason, message } = await refusal(plan.apply())
    const settings = conflicts.map(([setting]) => setting)
    expect(reason).toEqual({ _tag: 'StreamIncompatible', stream: 'S', api: '$JS.API', settings })
    expect(message).toBe(explain(plan))
    expect(await configOf(nc, 'S')).toEqual(before)
  })

  test('explains what is incompatible, and what to do', async () => {
    const nc = await connect(kind)
    await create(nc, 'S', { subjects: ['updates.>'], max_age: minute, max_msgs: 5, max_bytes: 1000, discard: 'new' })
    const plan = await planStream(nc, 'S', { ...updates, storage: 'file', fence: false })
    expect(explain(plan)).toBe(
      "The stream S, which captures updates.>, can't serve these subjects: storage is memory and should be file (the server can't change it); discard is new and should be old (it would also apply to other subjects in the stream). Plan a stream with another name, and first remove the subjects from this one.",
    )
  })

  test('shares a stream with other subjects if nothing changes for their messages', async () => {
    const nc = await connect(kind)
    await create(nc, 'S', { subjects: ['orders.>'], max_age: minute, max_msgs: 5, max_bytes: 1000 })
    const plan = await planStream(nc, 'S', { ...updates, fence: false })
    await plan.apply()
    expect(await configOf(nc, 'S')).toMatchObject({ subjects: ['orders.>', 'updates.*'], allow_direct: true })
  })

  test('is outdated if the stream has changed meanwhile', async () => {
    const nc = await connect(kind)
    await create(nc, 'S', { subjects: ['updates.*'] })
    const plan = await planStream(nc, 'S', updates)
    await api(nc, 'STREAM.UPDATE.S', { name: 'S', subjects: ['updates.*'], storage: 'memory', max_age: minute })
    expect((await refusal(plan.apply())).reason).toEqual({ _tag: 'PlanOutdated', stream: 'S', api: '$JS.API' })
    expect(await configOf(nc, 'S')).toMatchObject({ max_age: minute, discard: 'old' })
  })
})

test('planStream works on a connection that sequenced() has wrapped', async () => {
  const nc = sequenced(await dial({ servers: server().url }), { subjects: ['updates'] })
  const plan = await planStream(nc, 'S', updates)
  expect(plan._tag).toBe('Create')
  await plan.apply()
  expect(await planStream(nc, 'S', updates)).toMatchObject({ _tag: 'Unchanged', settings: made })
  await nc.request('$JS.API.STREAM.DELETE.S')
  await nc.close()
})

describe.each(kinds)('with $name, planStream refuses', kind => {
  test.each<[PlanStreamOptions, string]>([
    [{ subjects: ['>'] }, '*.>'],
    [{ subjects: ['*'] }, '*.*'],
    [{ subjects: ['*.*'] }, '*.*.*'],
    [{ subjects: ['updates', '*.*'], addressing: 'perSender' }, '*.*.*.*.*'],
    [{ subjects: ['_SEQ.HB'] }, '_SEQ.HB.*'],
    [{ subjects: ['_INBOX.>'] }, '_INBOX.*.>'],
    [{ subjects: ['own.>'], prefix: 'own.control' }, 'own.*.>'],
  ])('subjects that would capture control traffic: %j', async (options, captured) => {
    const nc = await connect(kind)
    const { reason, message } = await refusal(planStream(nc, 'S', options))
    expect(reason).toMatchObject({ _tag: 'CapturesControl', subject: options.subjects.at(-1), captured })
    expect(message).toContain("Name the first token of the subject, such as 'prices.>'.")
  })

  test.each<[object, string]>([
    [{ subjects: [] }, 'BadOption'],
    [{ subjects: 'updates' }, 'BadOption'],
    [{}, 'BadOption'],
    [{ subjects: [1] }, 'BadSubject'],
    [{ subjects: ['a b'] }, 'BadSubject'],
    [{ subjects: ['a'], maxAge: 0 }, 'BadOption'],
    [{ subjects: ['a'], maxAge: 2 ** 44 }, 'BadOption'],
    [{ subjects: ['a'], maxBytes: 1.5 }, 'BadOption'],
    [{ subjects: ['a'], maxMessages: -1 }, 'BadOption'],
    [{ subjects: ['a'], replicas: 6 }, 'BadOption'],
    [{ subjects: ['a'], storage: 'disk' }, 'BadOption'],
    [{ subjects: ['a'], domain: 'hub', apiPrefix: 'hub.API' }, 'BadOption'],
    [{ subjects: ['a'], description: 'mine' }, 'BadOption'],
  ])('options that are not valid: %j', async (options, tag) => {
    const nc = await connect(kind)
    // JavaScript callers are not bound by the types.
    const plan: Promise<unknown> = Reflect.apply(planStream, undefined, [nc, 'S', options])
    expect((await refusal(plan)).reason).toMatchObject({ _tag: tag })
  })

  test('a name that is not valid', async () => {
    const nc = await connect(kind)
    expect((await refusal(planStream(nc, 'a.b', updates))).reason).toEqual({ _tag: 'BadStream', stream: 'a.b' })
  })

  test('subjects that another stream captures, and says what to do', async () => {
    const nc = await connect(kind)
    await create(nc, 'OTHER', { subjects: ['updates.7'] })
    const plan = await planStream(nc, 'S', updates)
    const { reason, message } = await refusal(plan.apply())
    expect(reason).toMatchObject({ _tag: 'StreamRefused', stream: 'S', request: 'CREATE', code: 10065 })
    expect(message).toBe(
      'The server refuses STREAM.CREATE of S at $JS.API: subjects overlap with an existing stream (10065). Another stream captures some of these subjects: plan that stream, or remove them there.',
    )
  })

  test('subjects of the stream itself that overlap in part', async () => {
    const nc = await connect(kind)
    await create(nc, 'S', {
      subjects: ['prices.spot.eur', 'prices.*.usd'],
      max_age: minute,
      max_msgs: 5,
      max_bytes: 1000,
    })
    const plan = await planStream(nc, 'S', { subjects: ['prices.spot'], fence: false })
    expect((await refusal(plan.apply())).reason).toMatchObject({
      _tag: 'StreamRefused',
      request: 'UPDATE',
      code: 10052,
    })
  })

  test('a domain that nobody serves', async () => {
    const nc = await connect(kind)
    const { reason, message } = await refusal(planStream(nc, 'S', { ...updates, domain: 'hub' }))
    expect(reason).toMatchObject({ _tag: 'StreamUnavailable', api: '$JS.hub.API', why: 'NoAnswer' })
    expect(message).toContain('may publish to its API (STREAM.INFO)')
  })
})

describe.each(kinds)('with $name, on a server without JetStream', kind => {
  const bench = withServer()

  test('planStream says that nobody answers', async () => {
    const nc = await bench.connect(kind)
    expect((await refusal(planStream(nc, 'S', updates))).reason).toMatchObject({ why: 'NoAnswer' })
  })
})
