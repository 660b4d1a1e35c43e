// The short version of `npm run leaks`. Each leak was, or would be, thousands of bytes per item.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { kinds } from './cases.ts'

const run = promisify(execFile)

const names = [
  'wrapped: subscribe, unsubscribe, nobody reads',
  'wrapped: a message, break',
  'notices(nc), nobody reads',
  'publisher, a message, close',
]

test.each(kinds)(
  'with $name: subscriptions, notices and publishers that were opened and ended leave nothing in memory',
  async ({ name }) => {
    const only = names.map(n => `^${n.replaceAll(/[()]/g, '\\$&')}$`).join('|')
    const options = ['--client', `^${name}$`, '--items', '750', '--bytes', '2000', '--only', only]
    const script = join(__dirname, 'main.ts')
    const { stdout } = await run(process.execPath, ['--import', 'tsx', script, ...options])
    const lines = stdout.trim().split('\n')
    expect(lines.map(line => [line.startsWith('ok '), names.find(n => line.endsWith(` ${n}`))])).toEqual(
      names.map(n => [true, n]),
    )
  },
)
