// The demo: a run with a nats-server, and one where no nats-server can be had.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { longestWait } from '../server/longestWait.ts'

const root = join(__dirname, '..', '..')

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

const demo = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}): Promise<Outcome> =>
  new Promise(resolve => {
    const all = ['--import', 'tsx', 'docs/demo/main.ts', '--messages', '1000', '--seed', '1', ...args]
    const options = { cwd: root, env: { ...process.env, ...env }, timeout: longestWait }
    execFile(process.execPath, all, options, (error, out, err) =>
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, out, err }),
    )
  })

const unavailable = { NATS_SERVER: '/nonexistent/nats-server' }

test.each([
  ['a nats-server', {}, 'nats-server'],
  ['no nats-server', unavailable, 'fake'],
])(
  'with %s, nothing is lost without notice, and a plain subscriber misses what the link lost',
  async (_, env, server) => {
    const { code, out } = await demo(['--json'], env)
    const { injected, noticed, skippedSilently, plainSubscriber, ...result } = JSON.parse(out)
    expect(result).toMatchObject({ published: 1000, server, seed: 1 })
    expect([skippedSilently, noticed]).toEqual([0, injected.lost])
    expect(injected.lost).toBeGreaterThan(0)
    expect(plainSubscriber).toMatchObject({ missed: injected.lost, twice: injected.duplicated })
    expect(code).toBe(0)
  },
)

test('without a nats-server it says so, and why', async () => {
  const { code, out, err } = await demo([], unavailable)
  expect(err).toContain('NATS_SERVER is "/nonexistent/nats-server"')
  expect(err).toContain('it uses the fake server')
  expect(out).toMatch(
    /Verdict: nothing was lost without notice\. A plain subscriber missed \d+ messages, and did not know\./,
  )
  expect(out).toContain('There was no nats-server')
  expect(code).toBe(0)
})
