// The scenario of spec/runtimes in Chromium, over WebSocket, against a real nats-server.
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { build } from 'esbuild'
import { openStage } from '../runtimes/stage.ts'
import { findChromium, resultOf } from './chromium.ts'

const root = join(__dirname, '..', '..')
const chromium = findChromium()
if (chromium === undefined)
  console.warn('The tests in a browser are skipped: there is no Chromium. Install it, or set CHROMIUM to its path.')

/** The page's script. For a browser, esbuild refuses modules of node. */
const bundled = async (): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [join(__dirname, 'page.mjs')],
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

const inBrowser = chromium === undefined ? describe.skip : describe

inBrowser('in a browser', () => {
  test('core, subscribe, publisher and the drop-in work over WebSocket, with lost messages', async () => {
    const stage = await openStage()
    try {
      const addresses = `<script>addresses = ${JSON.stringify(stage.addresses)}</script>`
      const page = `<!doctype html><title>scenario</title>${addresses}<script type="module" src="/page.js"></script>`
      const files = { '/index.html': page, '/page.js': await bundled() }
      expect((await resultOf(chromium ?? '', files)).split('\n')).toEqual([
        ...['core', 'recovery', 'exactness', 'loss', 'reconnect', 'dropIn', 'warning'],
        'warning: 1 message lost (2): no replayer holds them any more. They will not be delivered.',
      ])
    } finally {
      await stage.close()
    }
  })
})
