import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { scratch } from '../folders.ts'
import { cases, withScene } from './cases.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(scratch, 'kills-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

// `npm run kills` has the long form.
test.each(Object.entries(cases))('nothing is lost when processes are killed at random moments: %s', async (_, run) => {
  expect(await withScene(root, scene => run(3, scene))).toMatchObject({ kills: 3 })
})
