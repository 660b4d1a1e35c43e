import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect as dial, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { connect, headers, type Msg, type NatsConnection } from 'nats'
import { type Delivery, feed, nothing, type Piece } from './deliveries.ts'
import { eventually } from './eventually.ts'
import {
  type DecideFate,
  delay,
  drop,
  duplicate,
  type Fate,
  type LossyLink,
  pass,
  startLossyLink,
} from './lossyLink.ts'
import { type NatsServer, startNatsServer } from './natsServer.ts'

const encode = (text: string): Buffer => Buffer.from(text)

describe('deliveries', () => {
  type Sent = { readonly bytes: Buffer; readonly delivery?: Omit<Delivery, 'payload'> & { readonly payload: string } }

  const other = fc
    .constantFrom(
      'PING',
      'PONG',
      '+OK',
      '-ERR \'Permissions Violation for Subscription to "a"\'',
      'INFO {"a": "MSG a 1 3"} ',
    )
    .map((line): Sent => ({ bytes: encode(`${line}\r\n`) }))
  const token = fc.stringMatching(/^[a-zé€😀$_0-9]{1,6}$/u)
  const subject = fc.array(token, { minLength: 1, maxLength: 3 }).map(tokens => tokens.join('.'))
  // Payloads that would confuse a parser that searches for lines instead of counting bytes.
  const body = fc
    .array(
      fc.oneof(
        fc.constantFrom('\r\n', '\n', '\r', ' ', 'MSG a 1 3', 'MSG a 1 3\r\nxyz\r\n', 'PING\r\n', 'HMSG b 2 12 15\r\n'),
        fc.string(),
      ),
      { maxLength: 4 },
    )
    .map(parts => encode(parts.join('')))
  const delivery = fc
    .record({ subject, sid: fc.nat().map(String), reply: fc.option(subject, { nil: '' }), head: fc.option(body), body })
    .map(({ subject, sid, reply, head, body }): Sent => {
      const block =
        head === null ? Buffer.alloc(0) : Buffer.concat([encode('NATS/1.0\r\nA: '), head, encode('\r\n\r\n')])
      const size = block.length + body.length
      const sizes = head === null ? `${size}` : `${block.length} ${size}`
      const line = [head === null ? 'MSG' : 'HMSG', subject, sid, ...(reply === '' ? [] : [reply]), sizes].join(' ')
      return {
        bytes: Buffer.concat([encode(`${line}\r\n`), block, body, encode('\r\n')]),
        delivery: { subject, sid, reply, payload: body.toString('hex'), size },
      }
    })

  const chunksOf = (bytes: Buffer, cuts: ReadonlyArray<number>): ReadonlyArray<Buffer> => {
    const places = [...cuts.map(cut => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
    return places.map((to, i) => bytes.subarray(places[i - 1] ?? 0, to))
  }

  const readAll = (chunks: ReadonlyArray<Buffer>) => {
    const read: Array<{ readonly piece: Piece; readonly hex: string }> = []
    let rest = nothing
    let contiguous = true
    for (const chunk of chunks) {
      const fed = feed(rest, chunk)
      rest = fed.rest
      let at = 0
      for (const piece of fed.pieces) {
        contiguous &&= piece.from === at
        at = piece.to
        read.push({ piece, hex: fed.bytes.toString('hex', piece.from, piece.to) })
      }
      contiguous &&= fed.bytes.length === at
    }
    return { read, contiguous, left: rest.have }
  }

  test('are the same for any split into chunks', () => {
    const stream = fc.array(fc.oneof({ weight: 3, arbitrary: delivery }, other), { maxLength: 8 })
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 20 }), fc.boolean(), (sent, cuts, everywhere) => {
        const bytes = Buffer.concat(sent.map(message => message.bytes))
        const { read, contiguous, left } = readAll(chunksOf(bytes, everywhere ? [...bytes.keys()] : cuts))
        expect({ contiguous, left }).toEqual({ contiguous: true, left: 0 })
        expect(read.map(message => message.hex)).toEqual(sent.map(message => message.bytes.toString('hex')))
        expect(
          read.map(({ piece }) =>
            piece._tag === 'Delivery'
              ? { ...piece.delivery, payload: Buffer.from(piece.delivery.payload).toString('hex') }
              : undefined,
          ),
        ).toEqual(sent.map(message => message.delivery))
      }),
    )
  })

  test('fail with an error if a size is invalid', () => {
    for (const line of ['MSG a 1', 'MSG a 1 x', 'MSG a 1 -1', 'HMSG a 1 12', 'MSG'])
      expect(() => feed(nothing, encode(`${line}\r\n`))).toThrow(`not what a nats-server says: ${line}`)
  })
})

describe('a lossy link', () => {
  let server: NatsServer
  let direct: NatsConnection
  const links: Array<LossyLink> = []
  const clients: Array<NatsConnection> = []
  const sockets: Array<Socket> = []

  beforeAll(async () => {
    server = await startNatsServer({ monitor: true })
    direct = await connect({ servers: server.url })
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await Promise.all(clients.splice(0).map(nc => nc.close()))
    await Promise.all(links.splice(0).map(link => link.close()))
  })
  afterAll(async () => {
    await direct.close()
    await server.stop()
  })

  const linkTo = async (port: number, fate?: DecideFate): Promise<LossyLink> => {
    const link = await startLossyLink(port, fate)
    links.push(link)
    return link
  }
  const client = async (url: string): Promise<NatsConnection> => {
    const nc = await connect({ servers: url, reconnectTimeWait: 5, maxReconnectAttempts: -1 })
    clients.push(nc)
    return nc
  }
  const socketTo = (port: number): Socket => {
    const socket = dial(port, '127.0.0.1')
    sockets.push(socket)
    socket.on('error', () => {})
    return socket
  }
  /** All messages on `subject` until one without payload, received by a client whose interest the server knows. */
  const listen = async (
    nc: NatsConnection,
    subject: string,
  ): Promise<{ heard: Array<Msg>; all: Promise<Array<Msg>> }> => {
    const heard: Array<Msg> = []
    const subscription = nc.subscribe(subject)
    const all = (async () => {
      for await (const message of subscription) {
        if (message.data.length === 0) break
        heard.push(message)
      }
      return heard
    })()
    await nc.flush()
    return { heard, all }
  }
  const texts = (messages: ReadonlyArray<Msg>): ReadonlyArray<string> => messages.map(message => message.string())
  const ofText =
    (fates: Readonly<Record<string, Fate>>): DecideFate =>
    ({ payload }) =>
      fates[Buffer.from(payload).toString()] ?? pass

  test('forwards everything, and calls its fate function for each delivery', async () => {
    const seen: Array<Delivery> = []
    const link = await linkTo(server.port, delivery => {
      seen.push({ ...delivery, payload: Uint8Array.from(delivery.payload) })
      return pass
    })
    expect(link.url).toBe(`nats://127.0.0.1:${link.port}`)
    const nc = await client(link.url)
    const { all } = await listen(nc, 'pass.*')
    const tricky = 'a\r\nMSG a 1 3\r\nabc\r\nPING\r\n\r\n'
    const h = headers()
    h.append('Key', 'MSG a 1 3')
    direct.publish('pass.1', tricky)
    direct.publish('pass.2', tricky, { headers: h, reply: 'to.me' })
    direct.publish('pass.3')
    const messages = await all
    expect(messages.map(message => [message.subject, message.reply ?? '', message.string()])).toEqual([
      ['pass.1', '', tricky],
      ['pass.2', 'to.me', tricky],
    ])
    expect(messages.map(message => message.headers?.get('Key'))).toEqual([undefined, 'MSG a 1 3'])
    const payload = Uint8Array.from(encode(tricky))
    const block = 'NATS/1.0\r\nKey: MSG a 1 3\r\n\r\n'.length
    expect(seen).toEqual([
      { subject: 'pass.1', sid: '1', reply: '', payload, size: payload.length },
      { subject: 'pass.2', sid: '1', reply: 'to.me', payload, size: block + payload.length },
      { subject: 'pass.3', sid: '1', reply: '', payload: new Uint8Array(), size: 0 },
    ])
  })

  test.each([
    ['drops', { 2: drop }, ['1', '3', '4']],
    ['drops the first and the last', { 1: drop, 4: drop }, ['2', '3']],
    ['duplicates', { 2: duplicate, 3: duplicate }, ['1', '2', '2', '3', '3', '4']],
    ['drops and duplicates', { 1: duplicate, 2: drop, 3: drop, 4: duplicate }, ['1', '1', '4', '4']],
  ])('%s, with headers or without', async (_, fates, expected) => {
    const link = await linkTo(server.port, ofText(fates))
    const { all } = await listen(await client(link.url), 'fate')
    const { all: unharmed } = await listen(await client(server.url), 'fate')
    for (const text of ['1', '2', '3', '4']) {
      const h = headers()
      h.append('N', text)
      direct.publish('fate', text, Number(text) % 2 === 0 ? { headers: h } : {})
    }
    direct.publish('fate')
    const messages = await all
    expect(texts(messages)).toEqual(expected)
    expect(messages.map(message => message.headers?.get('N') ?? message.string())).toEqual(expected)
    expect(texts(await unharmed)).toEqual(['1', '2', '3', '4'])
  })

  test('delays one, and the following messages overtake it', async () => {
    const link = await linkTo(server.port, ofText({ 1: delay(1000), 2: delay(500), '': delay(1500) }))
    const { all } = await listen(await client(link.url), 'late')
    const begin = performance.now()
    for (const text of ['1', '2', '3', '']) direct.publish('late', text)
    expect(texts(await all)).toEqual(['3', '2', '1'])
    expect(performance.now() - begin).toBeGreaterThan(1499)
  })

  test('keeps every message complete, whatever happens to its neighbours', async () => {
    const fates = [pass, pass, drop, duplicate, delay(0), delay(1), delay(5)]
    const fateOf = (first: number | undefined): Fate =>
      first === undefined ? delay(50) : (fates[first % fates.length] ?? pass)
    const link = await linkTo(server.port, ({ payload }) => fateOf(payload[0]))
    const { all } = await listen(await client(link.url), 'mixed')
    const numbers = new Map<string, number>()
    const expected: Array<number> = []
    for (let i = 0; i < 3000; i++) {
      // Some are larger than a socket's chunk. The first byte is the fate.
      const payload = Buffer.alloc(i % 300 === 0 ? 200_000 : 20 + ((i * 37) % 500), `${i}\r\nMSG mixed 1 3\r\n`)
      payload[0] = i % 251
      numbers.set(payload.toString('latin1'), i)
      direct.publish('mixed', payload)
      const times = { Pass: 1, Drop: 0, Duplicate: 2, Delay: 1 }[fateOf(payload[0])._tag]
      for (let copy = 0; copy < times; copy++) expected.push(i)
      if (i % 50 === 0) await direct.flush()
    }
    direct.publish('mixed')
    const heard = (await all).map(message => numbers.get(Buffer.from(message.data).toString('latin1')) ?? -1)
    expect(heard.sort((a, b) => a - b)).toEqual(expected)
  })

  test('has a fate function that can be replaced at any time', async () => {
    const link = await linkTo(server.port)
    const { heard, all } = await listen(await client(link.url), 'change')
    const nc = clients[0] ?? direct
    for (const fate of [pass, drop, duplicate, pass]) {
      link.setFate(() => fate)
      direct.publish('change', fate._tag)
      await direct.flush()
      await nc.flush()
    }
    direct.publish('change')
    await all
    expect(texts(heard)).toEqual(['Pass', 'Duplicate', 'Duplicate', 'Pass'])
  })

  test('applies backpressure: if the client does not read, the server buffers, not the link', async () => {
    const strict = await startNatsServer({ monitor: true, config: 'max_pending: 1MB\nwrite_deadline: "300ms"' })
    const sender = await client(strict.url)
    const link = await linkTo(strict.port)
    const slow = socketTo(link.port)
    await once(slow, 'data')
    slow.pause()
    const ready = sender.subscribe('ready', { max: 1 })
    await sender.flush()
    slow.write('CONNECT {"verbose":false}\r\nSUB flood 1\r\nPUB ready 0\r\n\r\n')
    for await (const _ of ready) break
    const slowConsumers = async (): Promise<unknown> => {
      const varz: unknown = await fetch(`${strict.monitorUrl}/varz`).then(answer => answer.json())
      return typeof varz === 'object' && varz !== null && 'slow_consumers' in varz ? varz.slow_consumers : undefined
    }
    expect(await slowConsumers()).toBe(0)
    const block = Buffer.alloc(500_000)
    // Much more than the buffers of four sockets.
    for (let i = 0; i < 200 && (await slowConsumers()) === 0; i++) {
      sender.publish('flood', block)
      await sender.flush()
    }
    expect(await slowConsumers()).toBe(1)
    await strict.stop()
  })

  test('cut: the client notices, reconnects through the link, and continues', async () => {
    const link = await linkTo(server.port)
    const nc = await client(link.url)
    const { heard, all } = await listen(nc, 'cut')
    direct.publish('cut', 'before')
    await direct.flush()
    await nc.flush()
    const status = nc.status()[Symbol.asyncIterator]()
    link.cut()
    const next = async (): Promise<string> => {
      for (;;) {
        const { value, done } = await status.next()
        if (done || value.type === 'disconnect' || value.type === 'reconnect') return done ? 'done' : value.type
      }
    }
    expect(await next()).toBe('disconnect')
    expect(await next()).toBe('reconnect')
    expect(nc.getServer()).toBe(`127.0.0.1:${link.port}`)
    await nc.flush()
    direct.publish('cut', 'after')
    direct.publish('cut')
    await all
    expect(texts(heard)).toEqual(['before', 'after'])
  })

  test('refuse: new connections fail, existing ones stay', async () => {
    const link = await linkTo(server.port)
    const nc = await client(link.url)
    link.refuse(true)
    await expect(connect({ servers: link.url, reconnect: false })).rejects.toThrow()
    await nc.flush()
    link.refuse(false)
    await client(link.url)
  })

  const connections = async (of: NatsServer): Promise<unknown> => {
    const varz: unknown = await fetch(`${of.monitorUrl}/varz`).then(answer => answer.json())
    return typeof varz === 'object' && varz !== null && 'connections' in varz ? varz.connections : undefined
  }

  test('closes the other side if one side closes', async () => {
    const mortal = await startNatsServer({ monitor: true })
    const link = await linkTo(mortal.port)
    const short = socketTo(link.port)
    const long = socketTo(link.port)
    await Promise.all([once(short, 'data'), once(long, 'data')])
    expect(await connections(mortal)).toBe(2)
    short.destroy()
    await eventually('one is left', async () => (await connections(mortal)) === 1)
    const closed = once(long, 'close')
    await mortal.stop()
    await closed
    // Nobody is connected any more.
    await once(socketTo(link.port), 'close')
  })

  test('partition: nothing is forwarded or closed, and everything arrives later', async () => {
    const link = await linkTo(server.port)
    const nc = await client(link.url)
    const { heard, all } = await listen(nc, 'parted')
    const { heard: others } = await listen(await client(server.url), 'parted')
    const parted = new Promise<void>(resolve => {
      link.setFate(() => {
        link.partition(true)
        link.setFate(() => pass)
        resolve()
        return delay(0)
      })
    })
    direct.publish('parted', 'overdue')
    await parted

    nc.publish('parted', 'from inside')
    const flushed = nc.flush()
    direct.publish('parted', 'from outside')
    expect(await Promise.race([flushed, pause(50, 'silence')])).toBe('silence')
    expect(texts(others)).toEqual(['overdue', 'from outside'])
    expect(texts(heard)).toEqual([])

    link.partition(false)
    await flushed
    direct.publish('parted')
    await all
    expect([...texts(heard)].sort()).toEqual(['from inside', 'from outside', 'overdue'])
  })

  test('partition of one direction does not affect the other', async () => {
    const link = await linkTo(server.port)
    const nc = await client(link.url)
    const inside = await listen(nc, 'oneway')
    const outside = await listen(direct, 'oneway')

    link.partition(true, 'toClient')
    const flushed = nc.flush()
    nc.publish('oneway', 'sent')
    await eventually('sent', () => outside.heard.length === 1)
    expect(inside.heard).toEqual([])
    link.partition(false, 'toClient')
    await flushed

    link.partition(true, 'toServer')
    nc.publish('oneway', 'kept')
    direct.publish('oneway', 'received')
    await eventually('received', () => inside.heard.length === 2)
    expect(texts(inside.heard)).toEqual(['sent', 'received'])
    expect(texts(outside.heard)).toEqual(['sent', 'received'])
    link.partition(false)
    await eventually('kept was sent', () => outside.heard.length === 3)
    direct.publish('oneway')
    await Promise.all([inside.all, outside.all])
    expect(texts(inside.heard)).toEqual(['sent', 'received', 'kept'])
  })

  test('a partition also applies to new connections', async () => {
    const link = await linkTo(server.port)
    link.partition(true)
    const socket = socketTo(link.port)
    const greeted = once(socket, 'data')
    await once(socket, 'connect')
    expect(await Promise.race([greeted, pause(50, 'silence')])).toBe('silence')
    link.partition(false)
    expect(String(await greeted)).toMatch(/^INFO /)
  })

  test.each(['toClient', 'toServer', 'both'] as const)(
    'swallow %s: that direction is dropped for good, no close is forwarded, and new connections work',
    async direction => {
      const link = await linkTo(server.port)
      const nc = await client(link.url)
      const inside = await listen(nc, 'swallowed')
      const outside = await listen(direct, 'swallowed')
      const before = await connections(server)
      link.swallow(direction)
      nc.publish('swallowed', 'from inside')
      direct.publish('swallowed', 'from outside')
      const goesOut = direction === 'toClient'
      await eventually('the server has them', () => outside.heard.length === (goesOut ? 2 : 1))
      if (direction === 'toServer') await eventually('it comes in', () => inside.heard.length === 1)
      expect(texts(inside.heard)).toEqual(direction === 'toServer' ? ['from outside'] : [])
      await nc.close()

      const next = await listen(await client(link.url), 'swallowed')
      direct.publish('swallowed', 'to the next')
      direct.publish('swallowed')
      expect(texts(await next.all)).toEqual(['to the next'])
      expect([...texts(await outside.all)].sort()).toEqual(
        ['from outside', ...(goesOut ? ['from inside'] : []), 'to the next'].sort(),
      )
      // For the server, the old connection still exists.
      expect(await connections(server)).toBe(Number(before) + 1)
    },
  )

  test('close: ends the connections and the port, also during a partition', async () => {
    const link = await linkTo(server.port)
    const socket = socketTo(link.port)
    await once(socket, 'data')
    link.partition(true)
    const closed = once(socket, 'close')
    await link.close()
    await closed
    const late = dial(link.port, '127.0.0.1')
    await expect(once(late, 'connect')).rejects.toThrow('ECONNREFUSED')
    await link.close()
  })

  test('hides other servers from clients in every INFO, and changes nothing else', async () => {
    const first = await startNatsServer({ config: 'cluster { name: c, listen: "127.0.0.1:-1" }' })
    const ports = readdirSync(first.folder).find(file => file.endsWith('.ports')) ?? ''
    const route = /"cluster":\["nats:\/\/([^"]+)"/.exec(readFileSync(join(first.folder, ports), 'utf8'))?.[1]
    const link = await linkTo(first.port)
    type Info = Readonly<Record<string, unknown>>
    /** The INFO messages in order. `protocol: 1` requests later ones. */
    const greeted = async (port: number): Promise<ReadonlyArray<Info>> => {
      const infos: Array<Info> = []
      let pongs = 0
      const socket = socketTo(port)
      // Newer servers send another INFO after the first PONG.
      socket.write('CONNECT {"verbose":false,"protocol":1}\r\nPING\r\nPING\r\n')
      createInterface(socket).on('line', line => {
        if (line === 'PONG') pongs += 1
        if (line.startsWith('INFO ')) infos.push({ ...JSON.parse(line.slice(5)), client_id: 'its own' })
      })
      await eventually('the second PONG', () => pongs === 2)
      return infos
    }
    const withoutUrls = ({ connect_urls: _, ...others }: Info): Info => others
    const [inside, outside] = [await greeted(link.port), await greeted(first.port)]
    expect(inside).toEqual(outside.map(withoutUrls))

    const second = await startNatsServer({
      config: `cluster { name: c, listen: "127.0.0.1:-1", routes: ["nats://${route}"] }`,
    })
    const knows = (info: Info | undefined): boolean =>
      JSON.stringify(info?.['connect_urls'])?.includes(`127.0.0.1:${second.port}`) === true
    await eventually('those outside know the other server', () => knows(outside.at(-1)))
    await eventually('those inside are told something, too', () => inside.length === outside.length)
    expect(inside).toEqual(outside.map(withoutUrls))

    const [insideLater, outsideLater] = [await greeted(link.port), await greeted(first.port)]
    expect(knows(outsideLater[0])).toBe(true)
    expect(insideLater).toEqual(outsideLater.map(withoutUrls))
    await Promise.all([first.stop(), second.stop()])
  })

  test('forwards a hundred thousand messages in order', async () => {
    const link = await linkTo(server.port)
    const nc = await client(link.url)
    let next = 0
    const done = new Promise<void>((resolve, reject) => {
      nc.subscribe('many.*', {
        callback: (_, message) => {
          if (message.subject !== `many.${next}`) return reject(new Error(`${message.subject} instead of ${next}`))
          next += 1
          if (next === 100_000) resolve()
        },
      })
    })
    await nc.flush()
    for (let i = 0; i < 100_000; i++) {
      direct.publish(`many.${i}`, 'x')
      if (i % 1000 === 0) await nc.flush()
    }
    await done
  })
})
