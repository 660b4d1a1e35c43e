// Memory and heartbeats stay constant for any number of subjects. The script tests the same with 200,000.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'

const run = promisify(execFile)

test('memory does not grow for the last 6,000 of 20,000 subjects', async () => {
  const script = join(__dirname, 'manySubjects.ts')
  const { stdout } = await run(process.execPath, ['--import', 'tsx', script, '--subjects', '20000'])
  expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}')).toMatchObject({ subjects: 20_000, levelsOff: true })
})
