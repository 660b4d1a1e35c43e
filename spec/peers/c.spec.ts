// A sender, a receiver and a requester with the C client of NATS. Set NATS_C to the root of unpacked packages
// (libnats-dev and what it needs) if they are not installed.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { publisher } from '../../src/nats/publish/publisher.ts'
import { subscribe } from '../../src/nats/receive/subscribe.ts'
import { kinds, log, messages, range, read, some, texts, withServer } from '../nats/clients.ts'
import { shape } from '../nats/pair.ts'
import { patient } from '../nats/patient.ts'
import { drop, pass } from '../server/lossyLink.ts'
import { type Program, start, tryRun } from './program.ts'

const bench = withServer()
const count = 100

let folder = ''
let isBuilt = false
let libraries = ''

/** The folders below `root` that can hold libraries. */
const libraryFolders = async (root: string): Promise<ReadonlyArray<string>> => {
  const lib = join(root, 'usr', 'lib')
  const names = await readdir(lib).catch((): ReadonlyArray<string> => [])
  return [lib, ...names.filter(name => name.endsWith('-linux-gnu')).map(name => join(lib, name))]
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nats-peer-'))
  const root = process.env['NATS_C'] ?? ''
  const folders = root === '' ? [] : await libraryFolders(root)
  libraries = folders.join(':')
  const flags = [
    ...(root === '' ? [] : ['-I', join(root, 'usr', 'include')]),
    ...folders.flatMap(at => ['-L', at, `-Wl,-rpath-link,${at}`]),
  ]
  const built = await tryRun('cc', [join(__dirname, 'peer.c'), ...flags, '-lnats', '-o', join(folder, 'peer')])
  isBuilt = built !== undefined
  if (!isBuilt && root !== '')
    throw new Error(`NATS_C is ${root}, but peer.c can't be compiled with the libnats there.`)
  if (!isBuilt)
    console.warn(
      'Skipped: no C compiler, or no libnats. Install them (apt-get install gcc libnats-dev) to run this test.',
    )
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const peer = (verb: string, url: string, about: string): Program => {
  const program = start(join(folder, 'peer'), [verb, url, about], { LD_LIBRARY_PATH: libraries })
  bench.after(program.kill)
  return program
}

describe.each(kinds)('with $name', kind => {
  test('a sender in C is received, and sends again what the network loses', async () => {
    if (!isBuilt) return
    const link = await bench.link(({ subject }) => {
      const n = Number(subject.split('.')[1])
      return /^fromC\.\d/.test(subject) && (n % 3 === 0 || n === count) ? drop : pass
    })
    const sender = peer('send', bench.server().url, 'fromC')
    await sender.until('that it is ready', lines => lines.includes('ready'))
    const nc = await bench.connect(kind, { servers: link.url })
    const heads = log<string>()
    nc.subscribe('_SEQ.HEAD.fromC', { callback: (_, msg) => heads.add(msg.subject) })
    await nc.flush()
    const reader = read(subscribe(nc, 'fromC', { ...patient, start: 'all' }))
    await heads.until('a head request', all => all.length > 0)
    for (const n of range(1, count)) sender.say(`message ${n}`)
    const seen = await reader.until('all', messages(count))
    expect(texts(seen)).toEqual(range(1, count).map(n => [n, `message ${n}`]))
    sender.endInput()
    expect(await sender.ended).toEqual({ code: 0, err: '' })
    await reader.until('the end', some('Ended'))
    expect(shape(reader.seen).filter(s => s === 'Lost')).toEqual([])
  })

  test('a receiver in C recovers what the network loses', async () => {
    if (!isBuilt) return
    const link = await bench.link(({ subject }) => {
      const n = Number(subject.split('.')[1])
      return /^toC\.\d/.test(subject) && (n % 3 === 0 || n === count) ? drop : pass
    })
    const nc = await bench.connect(kind)
    const updates = publisher(nc, 'toC', { maxHeartbeatInterval: 100 })
    const heads = log<string>()
    nc.subscribe('_SEQ.HEAD.toC', { callback: (_, msg) => heads.add(msg.subject) })
    await nc.flush()
    const receiver = peer('receive', link.url, 'toC')
    await heads.until('a head request', all => all.length > 0)
    for (const n of range(1, count)) updates.publish(`message ${n}`)
    await receiver.until('the last', lines => lines.includes(`${count} message ${count}`))
    await updates.close()
    expect(await receiver.ended).toEqual({ code: 0, err: '' })
    expect(receiver.seen).toEqual([...range(1, count).map(n => `${n} message ${n}`), `ended ${count}`])
  })

  test('a requester in C gets one message again', async () => {
    if (!isBuilt) return
    const updates = publisher(await bench.connect(kind), 'asked')
    bench.after(() => updates.close())
    for (const n of range(1, 3)) updates.publish(`message ${n}`)
    const requester = peer('request', bench.server().url, 'asked.2')
    expect(await requester.ended).toEqual({ code: 0, err: '' })
    expect(requester.seen).toEqual(['asked.2 message 2'])
  })
})
