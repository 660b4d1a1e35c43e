// Application subjects that end in numbers: a sequenced subscriber receives what a plain one receives.
import { describe, expect, test } from '@jest/globals'
import type { SequencedNotice, SequencedOptions } from '../../src/index.ts'
import { sequenced, sequenceOf } from '../../src/index.ts'
import { withServer } from '../nats/clients.ts'
import type { DecideFate } from '../server/lossyLink.ts'
import { delay, drop, pass } from '../server/lossyLink.ts'
import type { Kind, Nc } from './bench.ts'
import { dial, kinds, listening, reading, subjectsAndTexts, texts, told, until } from './bench.ts'

const server = withServer()

interface Wrapped {
  readonly nc: Nc
  readonly plain: Nc
  readonly notices: Array<SequencedNotice>
}

const wrap = async (
  kind: Kind,
  options: Partial<SequencedOptions> = {},
  fate: DecideFate = () => pass,
): Promise<Wrapped> => {
  const link = await server.link(fate)
  const plain = await dial(server, kind, { servers: link.url })
  const notices: Array<SequencedNotice> = []
  const nc = sequenced(plain, { subjects: ['sensors.>'], onNotice: notice => notices.push(notice), ...options })
  return { nc, plain, notices }
}

/** The messages of a plain publisher, some of them several times. */
const readings: ReadonlyArray<string> = [12, 7, 12, 12, 3, 7, 1_000_000, 12, 8, 9, 10, 9].map(n => `sensors.room.${n}`)

const publishAll = async (nc: Nc, subjects: ReadonlyArray<string>): Promise<void> => {
  for (const [i, subject] of subjects.entries()) nc.publish(subject, `${i}`)
  await nc.flush()
}

describe.each(kinds)('with $name', kind => {
  test.each([
    [['sensors.>'], 'sensors.>'],
    [['sensors.>'], 'sensors.*.*'],
    [['sensors.>'], 'sensors.*'],
    [['sensors.>'], 'sensors.room.*'],
    [['sensors.>'], 'sensors.room.>'],
    [['sensors.>'], 'sensors.room.12'],
    [['sensors.>'], 'sensors.*.12'],
    [['sensors.>'], 'sensors.room'],
    [['sensors.*.*'], 'sensors.*.*'],
    [['sensors.room', 'sensors.room.*'], 'sensors.room.*'],
    [['sensors.room', 'sensors.room.*'], 'sensors.room'],
    [['sensors', 'sensors.>'], 'sensors.>'],
    [['sensors', 'sensors.>'], 'sensors'],
  ])('with the subjects %j, a subscription to %s receives what a plain one does, in order', async (subjects, at) => {
    const { nc, notices } = await wrap(kind, { subjects })
    const plain = await dial(server, kind)
    const [sequencedly, plainly] = [listening(nc, at), listening(plain, at)]
    const end = [listening(nc, 'end'), listening(plain, 'end')]
    await Promise.all([nc.flush(), plain.flush()])
    const publisher = await dial(server, kind)
    await publishAll(publisher, [...readings, 'sensors.5', 'sensors.room', 'sensors.5', 'sensors.a.b.4', 'sensors'])
    publisher.publish('end')
    await until('the end', () => end.every(e => e.seen.length === 1))
    await until('all have come', () => sequencedly.seen.length >= plainly.seen.length)
    // Unwanted messages would have arrived by now: nothing is delayed for longer than this connection needs to drain.
    await nc.drain()
    expect(subjectsAndTexts(sequencedly.seen)).toEqual(subjectsAndTexts(plainly.seen))
    expect(sequencedly.seen.map(m => sequenceOf(m))).toEqual(plainly.seen.map(() => undefined))
    expect([sequencedly.errors, notices]).toEqual([[], []])
  })

  test('an iterator receives them too, and can answer', async () => {
    const { nc } = await wrap(kind)
    const all = reading(nc.subscribe('sensors.>'), readings.length)
    await nc.flush()
    await publishAll(await dial(server, kind), readings)
    expect((await all).map(m => m.subject)).toEqual(readings)
    nc.subscribe('sensors.*.*', { callback: (_, m) => void m.respond(`re: ${m.string()}`) })
    await nc.flush()
    const asking = await dial(server, kind)
    expect((await asking.request('sensors.room.12', 'x', { timeout: 15_000 })).string()).toBe('re: x')
  })

  test('a sender of this library and a plain publisher work side by side', async () => {
    // Every third message of the sender is lost.
    const { nc, notices } = await wrap(kind, {}, ({ subject }) => (/^sensors\.hall\.\d*3$/.test(subject) ? drop : pass))
    const [open, closed] = [listening(nc, 'sensors.>'), listening(nc, 'sensors.*')]
    await nc.flush()
    const sender = (await wrap(kind)).nc
    const publisher = await dial(server, kind)
    for (let i = 0; i < 40; i++) {
      sender.publish('sensors.hall', `hall ${i}`)
      publisher.publish(readings[i % readings.length] ?? '', `room ${i}`)
    }
    await until('all have come', () => open.seen.length >= 80 && closed.seen.length >= 40)
    const expected = Array.from({ length: 40 }, (_, i) => i)
    const of = (subject: string) => open.seen.filter(m => m.subject.startsWith(subject))
    expect(texts(of('sensors.hall'))).toEqual(expected.map(i => `hall ${i}`))
    expect(of('sensors.hall').map(m => [m.subject, sequenceOf(m)?.number])).toEqual(
      expected.map(i => ['sensors.hall', i + 1]),
    )
    expect(subjectsAndTexts(of('sensors.room'))).toEqual(
      expected.map(i => `${readings[i % readings.length]} room ${i}`),
    )
    expect(texts(closed.seen)).toEqual(expected.map(i => `hall ${i}`))
    expect(told(notices, 'Lost')).toEqual([])
    expect(told(notices, 'Gap').length).toBeGreaterThan(0)
  })

  test('each subscription receives its own messages if one filter includes the other', async () => {
    const subjects = ['updates', 'updates.>']
    const { nc, notices } = await wrap(kind, { subjects })
    const [below, exact] = [listening(nc, 'updates.>'), listening(nc, 'updates')]
    await nc.flush()
    const publisher = await dial(server, kind)
    await publishAll(publisher, ['updates.5', 'updates.5'])
    await until('both have come', () => below.seen.length === 2)
    expect(subjectsAndTexts(below.seen)).toEqual(['updates.5 0', 'updates.5 1'])
    expect(exact.seen).toEqual([])
    const sender = (await wrap(kind, { subjects })).nc
    for (let i = 0; i < 10; i++) sender.publish('updates', `${i}`)
    sender.publish('updates.x', 'last')
    await until('all have come', () => exact.seen.length === 10 && below.seen.length === 3)
    expect(subjectsAndTexts(below.seen.slice(2))).toEqual(['updates.x last'])
    expect(notices.filter(n => n.notice._tag !== 'Ended')).toEqual([])
  })

  test('without a responder each origin costs one head request, which the server answers', async () => {
    const refusals: Array<string> = []
    const { nc } = await wrap(kind, {}, ({ subject }) => {
      if (subject.includes('.origin.')) refusals.push(subject)
      return pass
    })
    const { seen } = listening(nc, 'sensors.>')
    await nc.flush()
    const publisher = await dial(server, kind)
    await publishAll(publisher, [...readings, 'sensors.roof.1', 'sensors.roof.1'])
    await until('all have come', () => seen.length === readings.length + 2)
    await nc.flush()
    expect(refusals.map(s => s.split('.origin.')[1])).toEqual(['1.sensors.room', '2.sensors.roof'])
  })

  test('with a responder that does not answer, messages are delivered in order after the request timeouts', async () => {
    const { nc, notices } = await wrap(kind)
    const { seen } = listening(nc, 'sensors.>')
    const listener = await dial(server, kind)
    const asked = listening(listener, '_SEQ.HEAD.>')
    await Promise.all([nc.flush(), listener.flush()])
    await publishAll(await dial(server, kind), readings)
    await until('all have come', () => seen.length === readings.length)
    expect(seen.map(m => m.subject)).toEqual(readings)
    expect(asked.seen.map(m => m.subject)).toEqual(['_SEQ.HEAD.sensors.room'])
    expect(notices).toEqual([])
  })

  test('a sender of other subjects of the filter answers that it does not send the subject', async () => {
    const sender = (await wrap(kind)).nc
    sender.publish('sensors.hall', 'x')
    await sender.flush()
    const asking = await dial(server, kind)
    const answer = await asking.request('_SEQ.HEAD.sensors.room', '', { timeout: 15_000 })
    expect([answer.string(), Reflect.get(answer.headers ?? {}, 'code')]).toEqual(['', 404])
    const patience = 300
    const { nc, notices } = await wrap(kind, { requestTimeout: patience })
    const { seen } = listening(nc, 'sensors.room.>')
    await nc.flush()
    const joined = performance.now()
    await until('all senders had time to say where they are', () => performance.now() - joined > patience * 5)
    await publishAll(await dial(server, kind), readings)
    await until('they have come', () => seen.length === readings.length)
    expect(seen.map(m => m.subject)).toEqual(readings)
    expect(notices).toEqual([])
  })

  test('the first message of a sender is numbered even if the first heartbeat is lost', async () => {
    let isLost = false
    const { nc, notices } = await wrap(kind, {}, ({ subject }) => {
      if (subject !== '_SEQ.HB.sensors.hall.0') return pass
      isLost = true
      return drop
    })
    const { seen } = listening(nc, 'sensors.>')
    await nc.flush()
    const sender = (await wrap(kind)).nc
    for (let i = 1; i <= 3; i++) sender.publish('sensors.hall', `${i}`)
    await until('all have come', () => seen.length === 3)
    expect(isLost).toBe(true)
    expect(subjectsAndTexts(seen)).toEqual(['sensors.hall 1', 'sensors.hall 2', 'sensors.hall 3'])
    expect(seen.map(m => sequenceOf(m)?.number)).toEqual([1, 2, 3])
    expect(notices).toEqual([])
  })

  test('a subscriber that joins live senders receives their messages under the plain subjects', async () => {
    const senders = await Promise.all([1, 2, 3, 4].map(() => wrap(kind)))
    let n = 0
    const timer = setInterval(() => {
      n += 1
      for (const [i, { nc }] of senders.entries()) nc.publish(`sensors.s${i}`, `${n}`)
    }, 2)
    try {
      await until('they are live', () => n > 10)
      for (let i = 0; i < 5; i++) {
        // On a busy machine a sender may take seconds to answer.
        const { nc, notices } = await wrap(kind, { requestTimeout: 5000 })
        const { seen } = listening(nc, 'sensors.>')
        await until('enough has come', () => seen.length > 100)
        expect(new Set(seen.map(m => m.subject))).toEqual(
          new Set(['sensors.s0', 'sensors.s1', 'sensors.s2', 'sensors.s3']),
        )
        for (const s of ['sensors.s0', 'sensors.s3']) {
          const numbers = seen.filter(m => m.subject === s).map(m => Number(m.string()))
          expect(numbers).toEqual(numbers.map((_, k) => (numbers[0] ?? 0) + k))
        }
        expect(told(notices, 'Lost')).toEqual([])
        await nc.close()
      }
    } finally {
      clearInterval(timer)
    }
  })

  test('a late answer of a sender recovers messages', async () => {
    // For a while only messages of the sender arrive.
    const { nc, notices } = await wrap(kind, { subjects: ['updates'], requestTimeout: 20 }, ({ subject }) =>
      subject.startsWith('_SEQ.HB.')
        ? drop
        : subject.includes('.origin.')
          ? delay(400)
          : subject.includes('.head.')
            ? drop
            : pass,
    )
    const { seen } = listening(nc, 'updates')
    await nc.flush()
    const sender = (await wrap(kind, { subjects: ['updates'] })).nc
    for (let i = 1; i <= 5; i++) sender.publish('updates', `${i}`)
    await until('all have come', () => seen.length === 5)
    expect(seen.map(m => [m.string(), sequenceOf(m)?.number])).toEqual([1, 2, 3, 4, 5].map(i => [`${i}`, i]))
    expect(told(notices, 'Lost')).toEqual([])
  })

  test('a late answer of a sender causes no duplicates and no requests', async () => {
    const { nc, notices } = await wrap(kind, { requestTimeout: 20 }, ({ subject }) =>
      subject.startsWith('_SEQ.HB.')
        ? drop
        : subject.includes('.origin.')
          ? delay(400)
          : subject.includes('.head.')
            ? drop
            : pass,
    )
    const { seen } = listening(nc, 'sensors.>')
    const spy = await dial(server, kind)
    const requests = listening(spy, '_SEQ.REPLAY.>')
    await Promise.all([nc.flush(), spy.flush()])
    const sender = (await wrap(kind)).nc
    for (let i = 1; i <= 5; i++) sender.publish('sensors.hall', `${i}`)
    await until('they have come as they are', () => seen.length === 5)
    await until('the subject is known to be numbered', () => {
      sender.publish('sensors.hall', `${seen.length + 1}`)
      return seen.some(m => sequenceOf(m) !== undefined)
    })
    sender.publish('sensors.hall', 'last')
    await until('the last has come', () => seen.at(-1)?.string() === 'last')
    expect(seen.slice(0, 5).map(m => m.subject)).toEqual([1, 2, 3, 4, 5].map(n => `sensors.hall.${n}`))
    const numbers = seen.map(m => sequenceOf(m)?.number ?? Number(m.subject.slice('sensors.hall.'.length)))
    expect(numbers).toEqual(numbers.map((_, i) => i + 1))
    expect([requests.seen, notices]).toEqual([[], []])
  })

  describe('a sender that numbers its subjects itself', () => {
    const head = (n: number, more: object = {}) =>
      JSON.stringify({
        v: 1,
        epoch: '@aaaaaaaaaa',
        start: 1,
        first: n + 1,
        head: n,
        after: 50,
        max: 5000,
        state: 'live',
        ...more,
      })

    test('counts as a sender with assumeNumbered', async () => {
      const { nc, plain, notices } = await wrap(kind, { assumeNumbered: true, gapTimeout: 100 })
      const { seen } = listening(nc, 'sensors.>')
      await nc.flush()
      for (const n of [1, 2, 4, 4]) plain.publish(`sensors.room.${n}`, `${n}`)
      await until('the loss is told', () => told(notices, 'Lost').length > 0 && seen.length === 3)
      expect(subjectsAndTexts(seen)).toEqual(['sensors.room 1', 'sensors.room 2', 'sensors.room 4'])
      expect(seen.map(m => sequenceOf(m)?.number)).toEqual([1, 2, 4])
      expect(told(notices, 'Lost')).toMatchObject([{ first: 3, last: 3 }])
    })

    test('and sends heartbeats counts from its first heartbeat on, without duplicates', async () => {
      const { nc, notices } = await wrap(kind)
      const { seen } = listening(nc, 'sensors.>')
      await nc.flush()
      const hand = await dial(server, kind)
      for (const n of [1, 2, 3]) hand.publish(`sensors.room.${n}`, `${n}`)
      await until('they have come', () => seen.length === 3)
      hand.publish('_SEQ.HB.sensors.room.3', head(3))
      for (const n of [4, 4, 5]) hand.publish(`sensors.room.${n}`, `${n}`)
      await until('all have come', () => seen.length === 5)
      expect(seen.map(m => [m.subject, m.string(), sequenceOf(m)?.number])).toEqual([
        ['sensors.room.1', '1', undefined],
        ['sensors.room.2', '2', undefined],
        ['sensors.room.3', '3', undefined],
        ['sensors.room', '4', 4],
        ['sensors.room', '5', 5],
      ])
      expect(notices).toEqual([])
    })

    test('and sends heartbeats has its losses reported from then on', async () => {
      const { nc, notices } = await wrap(kind, { gapTimeout: 100 })
      const { seen } = listening(nc, 'sensors.*')
      await nc.flush()
      const hand = await dial(server, kind)
      hand.publish('_SEQ.HB.sensors.room.0', head(0))
      for (const n of [1, 3]) hand.publish(`sensors.room.${n}`, `${n}`)
      await until('both have come', () => seen.length === 2)
      expect(seen.map(m => [m.subject, sequenceOf(m)?.number])).toEqual([
        ['sensors.room', 1],
        ['sensors.room', 3],
      ])
      expect(told(notices, 'Lost')).toMatchObject([{ first: 2, last: 2 }])
    })
  })

  test('after the end of a sender, its subject can be used by a plain publisher, and by a sender again', async () => {
    const { nc, notices } = await wrap(kind)
    const { seen } = listening(nc, 'sensors.>')
    await nc.flush()
    for (const round of [1, 2]) {
      seen.length = 0
      const { nc: sender } = await wrap(kind)
      for (const text of ['a', 'b']) sender.publish('sensors.room', text)
      await until('the messages', () => seen.length === 2)
      await sender.drain()
      await until('the end', () => told(notices, 'Ended').length === round)
      await publishAll(await dial(server, kind), readings)
      await until('the rest', () => seen.length === 2 + readings.length)
      expect(seen.map(m => m.subject)).toEqual(['sensors.room', 'sensors.room', ...readings])
    }
    // The second sender is another run.
    expect(notices.map(n => n.notice._tag)).toEqual(['Ended', 'Restarted', 'Ended'])
  })

  test('handles a thousand plain origins, and a thousand of a sender', async () => {
    const { nc, notices } = await wrap(kind)
    const { seen } = listening(nc, 'sensors.>')
    await nc.flush()
    const sender = (await wrap(kind)).nc
    const publisher = await dial(server, kind)
    const plainSubjects: Array<string> = []
    for (let i = 0; i < 1000; i++) {
      for (const n of [9, 4, 9]) plainSubjects.push(`sensors.p${i}.${n}`)
      for (const text of ['1', '2']) sender.publish(`sensors.n${i}`, text)
    }
    await publishAll(publisher, plainSubjects)
    await until('all have come', () => seen.length === 5000)
    expect(seen.map(m => m.subject).filter(s => s.startsWith('sensors.p'))).toEqual(plainSubjects)
    const numbered = seen.filter(m => m.subject.startsWith('sensors.n'))
    expect(numbered.map(m => `${m.subject} ${sequenceOf(m)?.number}`).toSorted()).toEqual(
      Array.from({ length: 2000 }, (_, i) => `sensors.n${i >> 1} ${(i % 2) + 1}`).toSorted(),
    )
    // Under load a heartbeat may be late.
    expect(notices.filter(n => n.notice._tag !== 'Silent' && n.notice._tag !== 'Resumed')).toEqual([])
  })

  test('waiting messages are delivered when a subscription drains', async () => {
    const { nc } = await wrap(kind)
    const { seen, sub } = listening(nc, 'sensors.>')
    const listener = await dial(server, kind)
    listening(listener, '_SEQ.HEAD.>')
    await Promise.all([nc.flush(), listener.flush()])
    await publishAll(await dial(server, kind), readings)
    await sub.drain()
    expect(seen.map(m => m.subject)).toEqual(readings)
  })

  test('waiting messages are delivered after a disconnect, and so are later ones', async () => {
    const link = await server.link()
    const nc = sequenced(await dial(server, kind, { servers: link.url }), {
      subjects: ['sensors.>'],
      requestTimeout: 300,
    })
    const { seen } = listening(nc, 'sensors.>')
    const listener = await dial(server, kind)
    const asked = listening(listener, '_SEQ.HEAD.>')
    await Promise.all([nc.flush(), listener.flush()])
    const publisher = await dial(server, kind)
    publisher.publish('sensors.room.12', '0')
    await until('it is asked about', () => asked.seen.some(m => m.subject === '_SEQ.HEAD.sensors.room'))
    link.cut()
    await until('it has come', () => seen.length === 1)
    await until('connected again', () =>
      nc.flush().then(
        () => true,
        () => false,
      ),
    )
    await publishAll(publisher, readings)
    await until('all have come', () => seen.length === 1 + readings.length)
    expect(seen.map(m => m.subject)).toEqual(['sensors.room.12', ...readings])
  })

  test('in perSender a number after an epoch is a sequence number', async () => {
    const options = { subjects: ['sensors.>'], addressing: 'perSender' } as const
    const { nc, notices } = await wrap(kind, options)
    const { seen } = listening(nc, 'sensors.>')
    await nc.flush()
    const sender = (await wrap(kind, { ...options, sender: 'alice' })).nc
    for (const text of ['1', '2']) sender.publish('sensors.room.12', text)
    await publishAll(await dial(server, kind), readings)
    await until('all have come', () => seen.length === 2 + readings.length)
    expect(texts(seen.filter(m => sequenceOf(m) !== undefined))).toEqual(['1', '2'])
    expect(seen.filter(m => sequenceOf(m) === undefined).map(m => m.subject)).toEqual(readings)
    expect(notices).toEqual([])
  })
})
