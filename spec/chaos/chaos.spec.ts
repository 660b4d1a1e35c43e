// The short version of `npm run -s chaos`, and the proof that its judges can fail.
import { describe, expect, test } from '@jest/globals'
import { kinds } from '../nats/kinds.ts'
import { eventually } from '../server/eventually.ts'
import type { Chronicle, Life } from '../simulation/chronicle.ts'
import type { Scenario } from './guests.ts'
import { scenarios } from './scenarios.ts'
import { streamed } from './streamed.ts'
import { trialOf } from './trial.ts'

const short = { count: 500, ms: 400, strikes: 1 }

/**
 * The scenarios vary. The title shows the seed, and `--only <name> --runs 1 --messages 2000 --seed <seed>` repeats the
 * run.
 */
const seed = Math.floor(Math.random() * 2 ** 31)

/** Elections in a cluster take seconds. One case needs none. */
const isShort = (name: string): boolean => name === 'clientsMoved' || !(name in streamed)

describe(`On real servers, seed ${seed}`, () => {
  test.each(
    Object.keys(scenarios)
      .filter(isShort)
      .map((name, i) => ({ name, sendsWith: (seed + i) % kinds.length })),
  )('nothing is skipped silently: $name', async ({ name, sendsWith }) => {
    const scenario = scenarios[name]
    if (scenario === undefined) throw new Error(`there is no ${name}`)
    const trial = await trialOf(scenario, seed, { ...short, sendsWith })
    const { published, due, delivered, lost, skipped, violations, problem } = trial
    expect({ problem, violations, skipped }).toEqual({ problem: undefined, violations: [], skipped: [] })
    if (!(name in streamed)) expect(published).toBeGreaterThanOrEqual(short.count)
    expect(delivered + lost).toBe(due)
  })
})

const indexOf50 = ({ handed }: Life): number =>
  handed.findIndex(({ delivery: d }) => d._tag === 'Message' && d.number === 50)

describe('The judges', () => {
  /** A run without faults, in which a receiver forgets one message. */
  const quiet =
    (forget: (chronicle: Chronicle) => void): Scenario =>
    async stage => {
      const server = await stage.server()
      await stage.receiver({ servers: server.url }, { mode: 'ordered' })
      await stage.receiver({ servers: server.url }, { mode: 'arrival' })
      await (await stage.sender({ servers: server.url })).publish().done()
      const { chronicle } = stage.record
      await eventually('both have what is to be forgotten', () => chronicle.lives.every(l => indexOf50(l) >= 0))
      forget(chronicle)
    }
  const few = { count: 100, ms: 20, strikes: 1, sendsWith: 0 }

  test('accept a correct run', async () => {
    const trial = await trialOf(
      quiet(() => undefined),
      1,
      few,
    )
    expect(trial).toMatchObject({ published: 103, due: 206, delivered: 206, lost: 0, skippedSilently: 0 })
    expect(trial).toMatchObject({ violations: [], problem: undefined })
  })

  test.each([0, 1])('detect that receiver %d drops one number', async receiver => {
    const trial = await trialOf(
      quiet(({ lives }) => {
        const handed = lives[receiver]?.handed ?? []
        handed.splice(
          handed.findIndex(({ delivery: d }) => d._tag === 'Message' && d.number === 50),
          1,
        )
      }),
      1,
      few,
    )
    expect(trial).toMatchObject({ due: 206, delivered: 205, lost: 0, skippedSilently: 1 })
    expect(trial.violations.map(v => v.rule)).toContain('EveryNumberSettled')
  })
})
