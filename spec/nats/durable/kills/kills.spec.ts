import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { scratch } from '../folders.ts'
import { countersInFile, receiversInBucket, sendersInBucket, sendersInFile, withScene } from './cases.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(scratch, 'kills-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

// `npm run kills` has the long form, with all cases.
test('a receiver that is killed at random moments leaves out no message', async () => {
  expect(await withScene(root, receiversInBucket(3))).toMatchObject({ kills: 3 })
})

test('writers of one file that are killed at random moments lose no write', async () => {
  expect(await withScene(root, countersInFile(3))).toMatchObject({ kills: 3 })
})

test('senders that are killed at random moments use no number twice, with a file', async () => {
  expect(await withScene(root, sendersInFile(3))).toMatchObject({ kills: 3 })
})

test('senders that are killed at random moments use no number twice, with a bucket', async () => {
  expect(await withScene(root, sendersInBucket(3))).toMatchObject({ kills: 3 })
})
