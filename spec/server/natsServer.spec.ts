import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect as dial } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, test } from '@jest/globals'
import { connect } from 'nats'
import { eventually } from './eventually.ts'
import { findNatsServer } from './findNatsServer.ts'
import { type NatsServer, type NatsServerOptions, startNatsServer } from './natsServer.ts'

const started: Array<NatsServer> = []
const start = async (options?: NatsServerOptions): Promise<NatsServer> => {
  const server = await startNatsServer(options)
  started.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(started.splice(0).map(server => server.stop()))
})

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const refuses = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = dial(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', () => resolve(true))
  })

const echo = async (server: NatsServer, text: string): Promise<string> => {
  const nc = await connect({ servers: server.url, reconnect: false })
  nc.subscribe('echo', { callback: (_, message) => message.respond(message.data) })
  const answer = await nc.request('echo', text)
  await nc.close()
  return answer.string()
}

describe('a nats-server of our own', () => {
  test('answers on its url, and is gone with its folder after stop', async () => {
    const server = await start()
    expect(server.url).toBe(`nats://127.0.0.1:${server.port}`)
    expect(server.monitorUrl).toBeUndefined()
    expect(await echo(server, 'hello')).toBe('hello')
    expect(existsSync(server.folder)).toBe(true)
    const { pid } = server
    await server.stop()
    expect(isAlive(pid)).toBe(false)
    expect(existsSync(server.folder)).toBe(false)
    await server.stop()
  })

  test('accepts a port, extra configuration and a monitor', async () => {
    const { port } = await start().then(async server => {
      await server.stop()
      return server
    })
    const server = await start({ port, monitor: true, config: 'max_payload: 1234\nserver_name: ours' })
    expect(server.port).toBe(port)
    const nc = await connect({ servers: server.url })
    expect(nc.info).toMatchObject({ max_payload: 1234, server_name: 'ours', port })
    await nc.close()
    const varz: unknown = await fetch(`${server.monitorUrl}/varz`).then(answer => answer.json())
    expect(varz).toMatchObject({ server_name: 'ours' })
  })

  test('restarts on the same port: after kill with the stored JetStream data, after stop without', async () => {
    const server = await start({ jetstream: true, monitor: true })
    const { port, pid, monitorUrl } = server
    const nc = await connect({ servers: server.url, reconnect: false })
    const manager = await nc.jetstreamManager()
    await manager.streams.add({ name: 'KEPT', subjects: ['kept'] })
    await nc.jetstream().publish('kept', 'x')
    await server.kill()
    await nc.closed()
    expect(isAlive(pid)).toBe(false)

    const streams = async (): Promise<unknown> => {
      expect(server).toMatchObject({ port, monitorUrl })
      expect((await fetch(`${monitorUrl}/healthz`)).ok).toBe(true)
      const again = await connect({ servers: server.url })
      const found = await (await again.jetstreamManager()).streams.list().next()
      await again.close()
      return found.map(({ config, state }) => [config.name, state.messages])
    }
    await server.restart()
    expect(server.pid).not.toBe(pid)
    expect(await streams()).toEqual([['KEPT', 1]])
    await server.stop()
    await server.restart()
    expect(await streams()).toEqual([])
  })

  test('does not answer while frozen, and can be stopped', async () => {
    const server = await start()
    const nc = await connect({ servers: server.url, pingInterval: 60_000 })
    const heard: Array<string> = []
    nc.subscribe('a', { callback: (_, message) => heard.push(message.string()) })
    await nc.flush()
    await server.freeze()
    nc.publish('a', 'x')
    const flushed = nc.flush()
    expect(await Promise.race([flushed, pause(50, 'silence')])).toBe('silence')
    expect(heard).toEqual([])
    server.thaw()
    await flushed
    expect(heard).toEqual(['x'])
    await nc.close()
    await server.freeze()
    const { pid } = server
    await server.stop()
    expect(isAlive(pid)).toBe(false)
  })

  test('that cannot start reports its output, and leaves nothing behind', async () => {
    const failure: unknown = await startNatsServer({ config: 'no_such_option: 1' }).catch(cause => cause)
    expect(failure).toHaveProperty(
      'message',
      expect.stringMatching(/ended at once[\s\S]*unknown field "no_such_option"/),
    )
    const folder = /(\/\S+)\/server\.conf/.exec(String(failure))?.[1] ?? ''
    expect(folder).toMatch(/nats-sequenced-/)
    expect(existsSync(folder)).toBe(false)
  })
})

describe('a server that nobody stopped', () => {
  const owners: Array<ChildProcess> = []
  const owner = (afterwards: string): ChildProcess => {
    const script = `
      import { startNatsServer } from './spec/server/natsServer.ts'
      const { pid, port, folder, freeze } = await startNatsServer()
      ${afterwards}
      console.log(JSON.stringify([port, folder]))
    `
    // `detached` makes it the leader of a process group, which a terminal interrupts.
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    owners.push(child)
    return child
  }
  afterEach(() => {
    for (const child of owners.splice(0)) child.kill('SIGKILL')
  })

  const stayOn = 'setInterval(() => {}, 1000)'
  const waitFor = (_: ChildProcess): void => {}
  const kill = (child: ChildProcess): void => {
    child.kill('SIGKILL')
  }
  const interrupt = ({ pid = 0 }: ChildProcess): void => {
    if (pid > 0) process.kill(-pid, 'SIGINT')
  }

  test.each([
    ['comes to its end', '', waitFor],
    ['calls process.exit', 'setImmediate(() => process.exit(0))', waitFor],
    ['is killed', stayOn, kill],
    ['is killed after the server was', `process.kill(pid, 'SIGKILL'); ${stayOn}`, kill],
    ['is killed while the server is frozen', `await freeze(); ${stayOn}`, kill],
    ['is interrupted in the terminal', stayOn, interrupt],
    ['is interrupted while the server is frozen', `await freeze(); ${stayOn}`, interrupt],
  ])('does not outlive an owner that %s', async (_, afterwards, act) => {
    const child = owner(afterwards)
    const ended = once(child, 'exit')
    if (child.stdout === null) throw new Error('no output')
    const [line]: ReadonlyArray<unknown> = await once(child.stdout, 'data')
    const [port, folder]: ReadonlyArray<unknown> = JSON.parse(String(line))
    expect(folder).toContain('nats-sequenced-')
    act(child)
    await ended
    await eventually('the folder is gone', () => !existsSync(String(folder)))
    // Its pid may still exist: in a container orphans may stay zombies for a while.
    await eventually('the server is gone', () => refuses(Number(port)))
  })
})

describe('findNatsServer', () => {
  const told = process.env['NATS_SERVER']
  afterEach(() => {
    if (told === undefined) delete process.env['NATS_SERVER']
    else process.env['NATS_SERVER'] = told
  })

  test.each([['/nowhere/nats-server'], [process.execPath]])('does not accept %s as a server', async path => {
    process.env['NATS_SERVER'] = path
    await expect(findNatsServer()).rejects.toThrow(`NATS_SERVER is "${path}", which does not run as a nats-server: `)
  })

  test('uses the path in NATS_SERVER', async () => {
    const found = await findNatsServer()
    process.env['NATS_SERVER'] = found
    expect(await findNatsServer()).toBe(found)
  })
})
