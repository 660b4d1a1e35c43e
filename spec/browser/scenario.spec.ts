// The scenario of spec/runtimes in Chromium, over WebSocket, against a real nats-server; and the page of the guide.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { build } from 'esbuild'
import type { Stage } from '../runtimes/stage.ts'
import { openStage } from '../runtimes/stage.ts'
import { inBrowser } from './chromium.ts'

const root = join(__dirname, '..', '..')

/** A script for a page. For a browser, esbuild refuses modules of node. */
const bundled = async (contents: string): Promise<string> => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: __dirname, loader: 'ts' },
    logLevel: 'warning',
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    alias: {
      'nats-sequenced': join(root, 'src', 'index.ts'),
      'nats-sequenced/core': join(root, 'src', 'core', 'index.ts'),
    },
  })
  return outputFiles.map(file => file.text).join('')
}

const pageOf = (script: string): string => `<!doctype html><title>nats-sequenced</title><script ${script}</script>`

const works = [
  ...['core', 'recovery', 'exactness', 'loss', 'reconnect', 'dropIn', 'warning'],
  'warning: 1 message lost (2): no replayer holds them any more. They will not be delivered.',
]

inBrowser('in a browser, over WebSocket', open => {
  let stage: Stage
  beforeEach(async () => {
    stage = await openStage()
  })
  afterEach(() => stage.close())

  const scenario = async (): Promise<string> =>
    `globalThis.addresses = ${JSON.stringify(stage.addresses)};${await bundled(await readFile(join(__dirname, 'page.mjs'), 'utf8'))}`

  test('core, subscribe, publisher and the drop-in repair lost messages', async () => {
    const files = { '/index.html': pageOf('type="module" src="/script.js">'), '/script.js': await scenario() }
    expect((await open(files)).split('\n')).toEqual(works)
  })

  test('they also do so in a worker', async () => {
    const page = pageOf(">new Worker('/script.js', { type: 'module' })")
    const files = { '/index.html': page, '/script.js': await scenario() }
    expect((await open(files)).split('\n')).toEqual(works)
  })

  test('the page of the guide prints what the guide says', async () => {
    const guide = await readFile(join(root, 'docs', 'guides', 'runtimes.md'), 'utf8')
    const [, code = '', printed = ''] = /^```ts page\.ts\n(.*?)^```\n.*?^```text\n(.*?)^```/ms.exec(guide) ?? []
    expect(code).toContain("'ws://localhost:8080'")
    const script = `
      const printed = []
      console.log = (...args) => printed.push(args.join(' '))
      ${(await bundled(code)).replace('ws://localhost:8080', stage.addresses.NATS_WS_URL)}
      fetch('/result', { method: 'POST', body: printed.join('\\n') + '\\n' })`
    const files = { '/index.html': pageOf('type="module" src="/script.js">'), '/script.js': script }
    expect(await open(files)).toBe(printed)
  })
})
