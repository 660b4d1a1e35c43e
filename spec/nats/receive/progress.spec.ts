import { expect, test } from '@jest/globals'
import { defaults } from '../../../src/core/receiver/settings.ts'
import { trackProgress } from '../../../src/nats/receive/progress.ts'

const settings = { ...defaults, maxOrigins: 10 }

test('forgets the positions of origins that made way without a notice, and keeps those of followed ones', () => {
  const followed = new Set(['kept'])
  const progress = trackProgress(
    'single',
    settings,
    name => followed.has(name),
    () => undefined,
  )
  progress.startAt('kept', undefined, 7)
  for (let i = 0; i < 5000; i++) progress.startAt(`origin${i}`, undefined, 1)
  const { positions } = progress.positions()
  expect(positions.length).toBeLessThan(2000)
  expect(positions).toContainEqual({ origin: 'kept', number: 7 })
  expect(positions.at(-1)).toEqual({ origin: 'origin4999', number: 1 })
})
