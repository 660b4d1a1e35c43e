// The guide about clusters: three nodes with its configuration, and its three programs as processes.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connect } from 'nats'
import { root } from './blocks.ts'
import { log } from './nats/clients.ts'
import { freePort } from './server/cluster.ts'
import { eventually } from './server/eventually.ts'
import type { NatsServer } from './server/natsServer.ts'
import { startNatsServer } from './server/natsServer.ts'

const text = readFileSync(join(root, 'docs/guides/clusters.md'), 'utf8')
const [config = '', ...moreConfigs] = [...text.matchAll(/^```conf\n(.*?)^```$/gms)].map(([, block = '']) => block)
const programs = new Map(
  [...text.matchAll(/^```ts (\S+)\n(.*?)^```$/gms)].map(([, name = '', code = '']) => [name, code] as const),
)

const names = ['a', 'b', 'c'] as const

test('the guide has one configuration and three programs', () => {
  expect(moreConfigs).toEqual([])
  expect([...programs.keys()]).toEqual(['stream.ts', 'sender.ts', 'receiver.ts'])
})

describe('the cluster of the guide', () => {
  const nodes: NatsServer[] = []
  const children: ChildProcess[] = []

  beforeAll(async () => {
    const ports = [await freePort(), await freePort(), await freePort()]
    for (const [i, name] of names.entries()) {
      let own = config
        .replace('server_name: a', `server_name: ${name}`)
        .replace('0.0.0.0:6222', `127.0.0.1:${ports[i]}`)
      for (const [j, other] of names.entries()) own = own.replace(`${other}.example:6222`, `127.0.0.1:${ports[j]}`)
      // Address, port and folder come from the command line.
      nodes.push(await startNatsServer({ config: own.replace(/^(listen| {2}store_dir): .*$/gm, ''), jetstream: true }))
    }
  })
  afterAll(async () => {
    for (const child of children) await kill(child)
    for (const node of nodes) await node.stop()
  })

  const started = (name: string): ChildProcess => {
    let code = programs.get(name) ?? ''
    for (const [i, node] of nodes.entries()) code = code.replace(`${names[i]}.example:4222`, `127.0.0.1:${node.port}`)
    const own = code.replace("'nats-sequenced'", "'./src/index.ts'")
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', own], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    return child
  }
  const kill = async (child: ChildProcess): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  /** The lines of a receiver: the numbers by origin, and everything else. */
  const receiving = () => {
    const child = started('receiver.ts')
    const lines = log<string>()
    const numbers = new Map<string, number[]>()
    const others: string[] = []
    createInterface(child.stdout ?? process.stdin).on('line', line => {
      const [, origin = '', number] = /^(news\.alice\.\S+) (\d+) headline \2$/.exec(line) ?? []
      if (number === undefined) others.push(line)
      else numbers.set(origin, [...(numbers.get(origin) ?? []), Number(number)])
      lines.add(line)
    })
    /** Waits until so many origins have so many messages each. */
    const has = (origins: number, count: number) =>
      lines.until(`${count} messages of ${origins} origins`, () => {
        return numbers.size >= origins && [...numbers.values()].every(all => all.length >= count)
      })
    return { numbers, others, has }
  }

  const leader = async (): Promise<NatsServer | undefined> => {
    const nc = await connect({ servers: nodes.map(n => n.url) })
    try {
      const { cluster } = await (await nc.jetstreamManager()).streams.info('NEWS')
      return nodes.find((_, i) => names[i] === cluster?.leader)
    } finally {
      await nc.close()
    }
  }

  test('delivers every message when the sender dies, and when the leader of the stream dies', async () => {
    // The three nodes need a moment to elect a leader. Before that the program ends with an error.
    await eventually('the stream is created', async () => {
      const [code] = await once(started('stream.ts'), 'exit')
      return code === 0
    })
    const first = receiving()
    const sender = started('sender.ts')
    await first.has(1, 50)
    await kill(sender)

    // This one knows the dead sender only from the stream.
    const second = receiving()
    await second.has(1, 50)
    started('sender.ts')
    await first.has(2, 50)
    await second.has(2, 50)
    const node = await leader()
    expect(node).toBeDefined()
    await node?.kill()
    const [dead = '', live = ''] = [...first.numbers.keys()]
    const enough = (first.numbers.get(live)?.length ?? 0) + 200
    const receivers = [first, second]
    await eventually('both go on', () => receivers.every(r => (r.numbers.get(live)?.length ?? 0) >= enough))
    await eventually(
      'both have all of the dead sender',
      () => first.numbers.get(dead)?.length === second.numbers.get(dead)?.length,
    )
    for (const { numbers, others } of receivers) {
      expect(numbers.size).toBe(2)
      for (const all of numbers.values()) expect(all).toEqual(all.map((_, i) => i + 1))
      expect(others.filter(line => line.includes('lost'))).toEqual([])
    }
  })
})
