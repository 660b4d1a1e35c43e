import type { Bench, Json, Msg, Nc } from '../bench.ts'
import { listening, longestWait, reading, settled, show, showError, texts, until } from '../bench.ts'
import type { Scenario } from './Scenario.ts'

/** A connection that sends requests, and another that answers on a numbered subject. */
const asked =
  (f: (asking: Nc, at: string, answering: Nc, bench: Bench) => Promise<Json>) =>
  async (bench: Bench): Promise<Json> => {
    const [asking, answering] = [await bench.connect(), await bench.connect()]
    return f(asking, bench.at('questions'), answering, bench)
  }

const echoing = async (nc: Nc, at: string): Promise<void> => {
  nc.subscribe(at, { callback: (_, m) => void m.respond(`re: ${m.string()}`) })
  await nc.flush()
}

const answer = (promise: Promise<Msg>): Promise<Json> => promise.then(show, showError)

export const requesting: ReadonlyArray<Scenario> = [
  {
    name: 'a request is answered by a callback',
    run: asked(async (asking, at, answering) => {
      await echoing(answering, at)
      return answer(asking.request(at, 'a', { timeout: longestWait }))
    }),
  },
  {
    name: 'a request is answered by an iterator',
    run: asked(async (asking, at, answering) => {
      const sub = answering.subscribe(at)
      await answering.flush()
      const serve = async (): Promise<void> => {
        for await (const m of sub) {
          m.respond(`re: ${m.string()}`)
          break
        }
      }
      const [first] = await Promise.all([answer(asking.request(at, 'a', { timeout: longestWait })), serve()])
      return first
    }),
  },
  {
    name: 'many requests at once',
    run: asked(async (asking, at, answering) => {
      await echoing(answering, at)
      const requests = Array.from({ length: 50 }, (_, i) => asking.request(at, `${i}`, { timeout: longestWait }))
      return texts(await Promise.all(requests))
    }),
  },
  {
    name: 'a request without the shared inbox',
    run: asked(async (asking, at, answering) => {
      await echoing(answering, at)
      return answer(asking.request(at, 'a', { timeout: longestWait, noMux: true }))
    }),
  },
  {
    name: 'a request with headers, answered with headers',
    run: asked(async (asking, at, answering, bench) => {
      const { seen } = listening(answering, at)
      await answering.flush()
      const response = answer(asking.request(at, 'a', { timeout: longestWait, headers: bench.headers([['A', 'b']]) }))
      await until('it has come', () => seen.length === 1)
      const outcomes = seen.map(m => m.respond('b', { headers: bench.headers([['C', 'd']]) }))
      return [seen.map(show), outcomes, await response]
    }),
  },
  {
    name: 'a request with an empty answer',
    run: asked(async (asking, at, answering) => {
      answering.subscribe(at, { callback: (_, m) => void m.respond() })
      await answering.flush()
      return answer(asking.request(at, undefined, { timeout: longestWait }))
    }),
  },
  {
    name: 'a request on the same connection',
    run: asked(async (asking, at) => {
      await echoing(asking, at)
      return answer(asking.request(at, 'a', { timeout: longestWait }))
    }),
  },
  {
    name: 'a request without a responder',
    run: asked((asking, at) => answer(asking.request(at, 'a', { timeout: longestWait }))),
  },
  {
    name: 'a request without a responder and without the shared inbox',
    run: asked((asking, at) => answer(asking.request(at, 'a', { timeout: longestWait, noMux: true }))),
  },
  {
    name: 'a request that the responder does not answer',
    run: asked(async (asking, at, answering) => {
      listening(answering, at)
      await answering.flush()
      return answer(asking.request(at, 'a', { timeout: 50 }))
    }),
  },
  {
    name: 'a request on a closed connection',
    run: asked(async (asking, at) => {
      await asking.close()
      return answer(asking.request(at, 'a', { timeout: 50 }))
    }),
  },
  {
    name: 'a request whose answer looks like no responders',
    run: asked(async (asking, at, answering, bench) => {
      answering.subscribe(at, { callback: (_, m) => void m.respond('', { headers: bench.kind.status(503) }) })
      await answering.flush()
      return answer(asking.request(at, 'a', { timeout: longestWait }))
    }),
  },
  ...[true, false].map(
    (noMux): Scenario => ({
      name: `requestMany with a count${noMux ? ', without the shared inbox' : ''}`,
      run: asked(async (asking, at, answering) => {
        answering.subscribe(at, {
          callback: (_, m) => {
            for (const text of ['a', 'b', 'c']) m.respond(text)
          },
        })
        await answering.flush()
        const options = { maxWait: longestWait, maxMessages: 3, strategy: 'count', noMux }
        return texts(await reading(await asking.requestMany(at, 'x', options)))
      }),
    }),
  ),
  {
    name: 'requestMany until an empty answer',
    run: asked(async (asking, at, answering) => {
      answering.subscribe(at, {
        callback: (_, m) => {
          for (const text of ['a', 'b', '']) m.respond(text)
        },
      })
      await answering.flush()
      // 2.29 waits this long in any case.
      const options = { maxWait: 5000, strategy: 'sentinel' }
      return texts(await reading(await asking.requestMany(at, 'x', options)))
    }),
  },
  {
    name: 'respond() to a message without a reply subject',
    run: asked(async (asking, at) => {
      const { seen } = listening(asking, at)
      asking.publish(at, 'a')
      await until('it has come', () => seen.length === 1)
      return seen.map(m => [m.respond('b'), m.reply])
    }),
  },
  {
    name: 'a message with a reply subject is answered there',
    run: asked(async (asking, at, answering, bench) => {
      const answers = asking.subscribe(bench.at('answers'), { max: 2 })
      await asking.flush()
      await echoing(answering, at)
      asking.publish(at, 'a', { reply: bench.at('answers') })
      asking.publish(at, 'b', { reply: bench.at('answers') })
      return (await reading(answers)).map(show)
    }),
  },
  {
    name: 'a message with an inbox as reply subject is answered there',
    run: asked(async (asking, at, answering) => {
      const answers = asking.subscribe('_INBOX.of.mine', { max: 1 })
      await asking.flush()
      await echoing(answering, at)
      asking.publish(at, 'a', { reply: '_INBOX.of.mine' })
      return texts(await reading(answers))
    }),
  },
  {
    name: 'one subscriber receives requests and published messages in order',
    run: asked(async (asking, at, answering) => {
      const { seen } = listening(answering, at)
      await answering.flush()
      for (const i of [1, 2, 3]) {
        asking.publish(at, `message ${i}`)
        asking.request(at, `request ${i}`, { timeout: longestWait }).catch(() => undefined)
      }
      await until('all have come', () => seen.length === 6)
      for (const m of seen) m.respond('done')
      return texts(seen)
    }),
  },
  {
    name: 'a subject that is not numbered is used as well',
    run: asked(async (asking, _, answering) => {
      const queued = answering.subscribe('elsewhere.q', { queue: 'workers', max: 1 })
      await answering.flush()
      const messages = reading(queued)
      asking.publish('elsewhere.q', 'a')
      const [got] = await Promise.all([messages, settled(asking.flush())])
      return texts(got)
    }),
  },
]
