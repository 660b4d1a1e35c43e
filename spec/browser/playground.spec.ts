// The page in docs/playground: its script is up to date, it repairs what its network loses, and it works in Chromium.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { duration, picture } from '../../docs/playground/picture.ts'
import type { Settings, World } from '../../docs/playground/world.ts'
import { createWorld } from '../../docs/playground/world.ts'
import { inBrowser } from './chromium.ts'

const root = join(__dirname, '..', '..')
const folder = join(root, 'docs', 'playground')
const read = (name: string, at = folder): Promise<string> => readFile(join(at, name), 'utf8')

describe('the script of the playground', () => {
  test.each(['playground.js', 'THIRD-PARTY-NOTICES.txt'])(
    'is up to date, or run `npm run playground`: %s',
    async name => {
      const made = await mkdtemp(join(tmpdir(), 'playground-'))
      try {
        await promisify(execFile)(process.execPath, [join(root, '.ci', 'bundlePlayground.mjs'), made])
        // Not toBe: its message would contain both scripts.
        expect((await read(name, made)) === (await read(name))).toBe(true)
      } finally {
        await rm(made, { recursive: true, force: true })
      }
    },
  )
})

const quiet: Settings = { loss: 0, delay: 35, rate: 20, kept: 30, mode: 'ordered' }

/** The numbers that the application knows about, in the order in which it learned it. */
const settledIn = (world: World): ReadonlyArray<number> =>
  world.deliveries().flatMap(({ delivery: d }) => {
    if (d._tag === 'Message') return [d.number]
    return d._tag === 'Lost' ? Array.from({ length: (d.last ?? d.first) - d.first + 1 }, (_, i) => d.first + i) : []
  })

const upTo = (last: number): ReadonlyArray<number> => Array.from({ length: last }, (_, i) => i + 1)

describe('the playground', () => {
  test.each([
    ['all is delivered, if the network loses a tenth and the history is long enough', 10, 50, false],
    ['some are lost, if the network loses a third and the history is short', 33, 2, true],
  ])('reports every number as delivered or lost: %s', (_, loss, kept, isLossy) => {
    let settings: Settings = { ...quiet, loss, kept }
    const world = createWorld(7, () => settings)
    world.runTo(10_000)
    settings = { ...quiet, rate: 0, kept }
    world.runTo(20_000)
    const { published, dropped, delivered, recovered, lost } = world.counts()
    expect(settledIn(world)).toEqual(upTo(published))
    expect(delivered + lost).toBe(published)
    expect(recovered).toBeGreaterThan(0)
    expect(dropped).toBeGreaterThanOrEqual(recovered)
    expect(lost > 0).toBe(isLossy)
  })

  test('repairs what is lost while the receiver is cut off, and notices a restart', () => {
    const world = createWorld(7, () => quiet)
    world.runTo(1000)
    world.cut(300)
    world.runTo(3000)
    const before = world.counts()
    expect(before.dropped).toBeGreaterThan(0)
    expect(before.recovered).toBe(before.dropped)
    world.restart()
    world.runTo(5000)
    expect(world.deliveries().map(({ delivery }) => delivery._tag)).toContain('Restarted')
    expect(world.deliveries().at(-1)?.delivery._tag).toBe('Message')
  })

  test('draws the loss of a message, its request, its replay and its delivery', () => {
    const world = createWorld(7, () => quiet)
    world.runTo(500)
    world.dropNext()
    world.runTo(900)
    const scene = {
      now: world.now(),
      packets: world.packets(),
      deliveries: world.deliveries(),
      restarts: world.restarts(),
      outages: world.outages(),
    }
    const width = 1200
    expect(duration(width)).toBeGreaterThan(900)
    const svg = picture(scene, width)
    const marks = ['message lost', 'ask', 'replay', 'held', 'chip notice Gap', 'chip verdict Recovered']
    for (const mark of marks) expect(svg).toContain(`class="${mark}"`)
    expect(svg).not.toMatch(/NaN|undefined/)
  })
})

inBrowser('the playground in a browser', open => {
  test('shows a recovered message after a click', async () => {
    const driver = `<script>
    const post = body => fetch('/result', { method: 'POST', body })
    addEventListener('error', ({ message }) => post(message))
    document.getElementById('loss').value = 0
    document.getElementById('drop').click()
    new MutationObserver(() => {
      const report = document.querySelector('#log .Message')?.textContent
      const chip = document.querySelector('#timeline .chip.Recovered text')?.textContent
      if (report && chip) post(JSON.stringify([report.replace(/^\\S+ s +/, ''), chip]))
    }).observe(document.getElementById('timeline'), { childList: true })
  </script>`
    const page = (await read('index.html')).replace('</body>', `${driver}</body>`)
    expect(page).toContain(driver)
    const files = { '/index.html': page, '/playground.js': await read('playground.js') }
    expect(await open(files)).toBe(
      JSON.stringify(['updates: message 1, recovered: it was requested, and fills a gap.', '1']),
    )
  })
})
