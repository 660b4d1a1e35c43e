// The commands as a user runs them: the bundle, in processes, with a real server.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { connect } from '@nats-io/transport-node'
import type { Publisher } from '../../src/nats/publish/publisher.ts'
import { publisher } from '../../src/nats/publish/publisher.ts'
import type { PublisherOptions } from '../../src/nats/publish/types.ts'
import { eventually } from '../server/eventually.ts'
import type { LossyLink } from '../server/lossyLink.ts'
import { drop, pass, startLossyLink } from '../server/lossyLink.ts'
import type { NatsServer } from '../server/natsServer.ts'
import { startNatsServer } from '../server/natsServer.ts'
import type { Cli, Running } from './cliProcess.ts'
import { createCli } from './cliProcess.ts'

let cli: Cli
let server: NatsServer
/** The first delivery of each of these subjects is dropped; `always` drops replays too. */
let dropped: { readonly once: Set<string>; readonly always: ReadonlyArray<string> }
let link: LossyLink

beforeAll(async () => {
  ;[cli, server] = await Promise.all([createCli(), startNatsServer({ jetstream: true })])
  dropped = { once: new Set(), always: [] }
  link = await startLossyLink(server.port, d => (dropped.once.delete(d.subject) ? drop : pass))
})
afterAll(async () => {
  await link.close()
  await server.stop()
  await cli.remove()
})

const at = (): ReadonlyArray<string> => ['--server', server.url]

/** A sender in this process. */
const withSender = async (
  subject: string,
  work: (sender: Publisher, plain: (subject: string) => Promise<void>) => Promise<void>,
  options: PublisherOptions = {},
): Promise<void> => {
  const nc = await connect({ servers: server.url })
  try {
    await work(publisher(nc, subject, options), async to => {
      nc.publish(to, 'plain')
      await nc.flush()
    })
  } finally {
    await nc.drain()
  }
}

/** Publishes until a command has printed it, because nobody says when it has subscribed. */
const publishUntil = async (sender: Publisher, running: Running, text: string | RegExp): Promise<void> => {
  let isPrinted = false
  const printed = running.prints(text).then(() => {
    isPrinted = true
  })
  await eventually('the command prints', async () => {
    if (!isPrinted) sender.publish('ping')
    await new Promise(resolve => setTimeout(resolve, 20))
    return isPrinted
  })
  await printed
}

/** Publishes an input, and ends the sender when the receiver has ended. Until then it serves replays. */
const publishTo = async (
  sub: Running,
  args: ReadonlyArray<string>,
  input: string,
): Promise<{ readonly codes: ReadonlyArray<number | null>; readonly err: string }> => {
  const pub = cli.start(['pub', ...args, '--linger', '1m', ...at()])
  pub.write(input)
  pub.endInput()
  const code = await sub.ended
  pub.interrupt()
  return { codes: [await pub.ended, code], err: pub.err() }
}

const jsonLines = (text: string): ReadonlyArray<Record<string, unknown>> =>
  text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))

// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape is what must not be there
const escapeCode = /\u001b/

describe('pub and sub', () => {
  it('carry lines in order, from standard input to lines of JSON', async () => {
    const sub = cli.start(['sub', 'lines', '--start', 'all', '--count', '3', '--json', ...at()])
    const published = await publishTo(sub, ['lines'], 'one\n\nthr\u00e9e')
    expect(published).toEqual({ codes: [0, 0], err: 'Published 3 messages: lines.1 to lines.3.\n' })
    const messages = jsonLines(sub.out()).filter(d => d['_tag'] === 'Message')
    expect(messages.map(m => [m['number'], m['data']])).toEqual([
      [1, 'one'],
      [2, ''],
      [3, 'thr\u00e9e'],
    ])
  })

  it('carry files unchanged, and the whole input as one message', async () => {
    await writeFile(join(cli.folder, 'a.bin'), Uint8Array.of(0, 10, 255))
    const sub = cli.start(['sub', 'files', '--start', 'all', '--count', '1', '--json', ...at()])
    const raw = cli.start(['sub', 'whole', '--start', 'all', '--count', '1', '--raw', ...at()])
    const published = await Promise.all([
      publishTo(sub, ['files', '--files'], 'a.bin\n'),
      publishTo(raw, ['whole', '--whole'], 'a\nb\n'),
    ])
    expect(published.map(({ codes }) => codes)).toEqual([
      [0, 0],
      [0, 0],
    ])
    expect(sub.out()).toContain('"base64":"AAr/"')
    expect(raw.out()).toBe('a\nb\n\n')
    expect(await cli.run(['pub', 'files', '--files', ...at()], 'none.bin\n')).toMatchObject({ code: 2 })
  })

  it('recover what was dropped, from a sender that serves replays after its input has ended', async () => {
    dropped.once.add('lossy.2')
    const sub = cli.start(['sub', 'lossy', '--start', 'all', '--count', '3', '--server', link.url])
    expect((await publishTo(sub, ['lossy'], '1\n2\n3\n')).codes).toEqual([0, 0])
    const lines = sub.out().split('\n')
    expect(lines.filter(line => !line.startsWith('#'))).toEqual([
      expect.stringMatching(/^lossy\.1(?: \(recovered\))? {2}1$/),
      expect.stringMatching(/^lossy\.2 \(recovered\) {2}2$/),
      expect.stringMatching(/^lossy\.3(?: \(recovered\))? {2}3$/),
      '',
    ])
  })

  it('say what is lost, escape what a terminal would obey, and end with code 1', async () => {
    const sub = cli.start(['sub', 'gone', '--gap-timeout', '100ms', ...at()], { FORCE_COLOR: '1' })
    await withSender(
      'gone',
      async (sender, plain) => {
        await publishUntil(sender, sub, 'ping')
        sender.publish('\u001b[2J')
        await plain(`gone.${sender.publish('x') + 3}`)
        await sub.prints('lost')
      },
      { history: { messages: 0 } },
    )
    sub.interrupt()
    expect(await sub.ended).toBe(1)
    expect(sub.out()).toContain('\\u001b[2J')
    expect(sub.out()).not.toMatch(escapeCode)
    expect(sub.err()).not.toMatch(escapeCode)
  })

  it('resume from positions', async () => {
    const positions = join(cli.folder, 'positions.json')
    await withSender('resumed', async sender => {
      const args = ['sub', 'resumed', '--positions', positions, '--start', 'all', '--raw', ...at()]
      for (const text of ['1', '2', '3', '4']) sender.publish(text)
      expect(await cli.run([...args, '--count', '2'])).toMatchObject({ code: 0, out: '1\n2\n' })
      expect(JSON.parse(await readFile(positions, 'utf8'))).toMatchObject({
        positions: [{ origin: 'resumed', number: 2 }],
      })
      expect(await cli.run([...args, '--count', '2'])).toMatchObject({ code: 0, out: '3\n4\n' })
    })
    await writeFile(positions, '{')
    expect(await cli.run(['sub', 'resumed', '--positions', positions, ...at()])).toMatchObject({ code: 2 })
  })

  it('end quietly when the reader of a pipe has gone', async () => {
    const sub = cli.start(['sub', 'piped', '--raw', ...at()])
    await withSender('piped', async sender => {
      await publishUntil(sender, sub, 'ping')
      sub.closeOutput()
      let hasEnded = false
      void sub.ended.then(() => {
        hasEnded = true
      })
      await eventually('the command ends', async () => {
        sender.publish('more')
        await new Promise(resolve => setTimeout(resolve, 20))
        return hasEnded
      })
    })
    expect(await sub.ended).toBe(0)
    expect(sub.err()).toBe('')
  })

  it('end at once with Ctrl-C, while the input is open', async () => {
    const pub = cli.start(['pub', 'interrupted', ...at()])
    const sub = cli.start(['sub', 'interrupted', '--start', 'all', ...at()])
    pub.write('a\n')
    await sub.prints(/^interrupted\.1(?: \(recovered\))? {2}a$/m)
    pub.interrupt()
    sub.interrupt()
    expect(await pub.ended).toBe(0)
    expect(pub.err()).toContain('Published 1 message')
    expect(await sub.ended).toBe(0)
  })
})

describe('replay', () => {
  it('prints one message unchanged, a range, and what is not available', async () => {
    await withSender('asked', async sender => {
      for (const text of ['a\u0000b', 'two', 'three']) sender.publish(text)
      expect(await cli.run(['replay', 'asked.1', '--raw', ...at()])).toEqual({ code: 0, out: 'a\u0000b', err: '' })
      const range = await cli.run(['replay', 'asked.2-5', '--json', ...at()])
      expect(range.code).toBe(1)
      expect(jsonLines(range.out)).toMatchObject([
        { _tag: 'Replayed', origin: 'asked', number: 2, data: 'two' },
        { _tag: 'Replayed', number: 3, data: 'three' },
        { _tag: 'NotSentYet', first: 4, last: 5 },
      ])
    })
    expect(await cli.run(['replay', 'nobody.1', ...at()])).toMatchObject({
      code: 1,
      err: expect.stringContaining('No sender'),
    })
  })

  it('reads a stream that the command stream has made', async () => {
    const make = ['stream', 'STORED', 'stored', '--max-age', '1h', ...at()]
    expect(await cli.run(make)).toMatchObject({ code: 0, out: expect.stringContaining('will be created') })
    expect(await cli.run([...make, '--apply'])).toMatchObject({ code: 0 })
    expect(await cli.run(make)).toMatchObject({ code: 0, out: expect.stringContaining('needs no change') })
    await cli.run(['pub', 'stored', '--linger', '0s', ...at()], '1\n2\n')
    const stored = await cli.run(['replay', 'stored.1-3', '--jetstream', 'STORED', ...at()])
    expect(stored).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^stored\.1 {2}1\nstored\.2 {2}2\n# stored: 3: not held/),
    })
    const missing = ['replay', 'stored.1', '--jetstream', 'NONE', '--timeout', '200ms', ...at()]
    expect(await cli.run(missing)).toMatchObject({ code: 3, out: '', err: expect.stringContaining('NONE') })
  })
})

describe('audit', () => {
  it('reports gaps, recoveries and losses of any sender, and ends with code 1 on loss', async () => {
    dropped.once.add('audited.3')
    const audit = cli.start(['audit', 'audited.>', '--format', 'json', '--gap-timeout', '100ms', '--server', link.url])
    const plain = await connect({ servers: server.url })
    try {
      // The audit subscribes before it requests heads, from one inbox for its receiver and one for itself. So a third
      // inbox means that it has heard of the sender in perSender, and follows it.
      const inboxes = new Set<string | undefined>()
      plain.subscribe('_SEQ.HEAD', {
        callback: (_, msg) => {
          inboxes.add(msg.reply?.split('.')[1])
        },
      })
      const single = publisher(plain, 'audited')
      const many = publisher(plain, 'audited.many', { addressing: 'perSender', sender: 'alice' })
      await eventually('the audit follows both', () => inboxes.size >= 3)
      for (let i = 0; i < 5; i++) single.publish('x')
      for (let i = 0; i < 4; i++) many.publish('y')
      plain.publish('audited.plain.1')
      plain.publish('audited.plain.5')
      await plain.flush()
      audit.interrupt()
      expect(await audit.ended).toBe(1)
    } finally {
      await plain.drain()
    }
    const report = JSON.parse(audit.out())
    expect(report.origins).toMatchObject([
      { origin: 'audited', newest: 5, messages: 5, gaps: 1, recovered: 1, lost: 0 },
      { origin: expect.stringMatching(/^audited\.many\.alice\.@/), newest: 4, messages: 4, gaps: 0 },
      { origin: 'audited.plain', newest: 5, messages: 2, gaps: 1, recovered: 0, lost: 3 },
    ])
    expect(report.failures).toEqual(['3 messages lost, 0 allowed (--max-lost).'])
    expect(audit.err()).toBe('')
  })

  it('ends by itself, and tells Nagios if it has heard nothing', async () => {
    const args = ['audit', 'silence.*', '--for', '100ms', ...at()]
    expect(await cli.run([...args, '--format', 'nagios'])).toMatchObject({
      code: 3,
      out: expect.stringMatching(/^SEQUENCED UNKNOWN - /),
    })
    const text = await cli.run(args, '', { FORCE_COLOR: '1' })
    expect(text).toMatchObject({ code: 1, out: expect.stringContaining('FAILED: No numbered message') })
    expect(text.out).not.toMatch(escapeCode)
  })
})

describe('doctor and permissions', () => {
  it('find a missing permission, and nothing any more once it is there', async () => {
    const receiver = (await cli.run(['permissions', 'receiver', 'guarded'])).out
    const user = (name: string, rules: string): string => `{ user: ${name}, password: x, ${rules} }`
    const guarded = await startNatsServer({
      config: `authorization { users: [
        ${user('all', '')}
        ${user('receiver', receiver)}
        ${user('limited', receiver.replace('"_SEQ.REPLAY.guarded.*"', ''))}
      ] }`,
    })
    try {
      const doctor = (name: string) =>
        cli.run([
          'doctor',
          'guarded',
          '--wait',
          '100ms',
          '--json',
          '--server',
          `nats://${name}:x@127.0.0.1:${guarded.port}`,
        ])
      const pub = cli.start(['pub', 'guarded', '--server', `nats://all:x@127.0.0.1:${guarded.port}`])
      pub.write('a\n')
      await eventually('the sender answers', async () => (await doctor('receiver')).code === 0)
      const limited = await doctor('limited')
      expect(limited.code).toBe(1)
      expect(JSON.parse(limited.out).checks).toContainEqual(
        expect.objectContaining({ status: 'failed', found: 'This user may not publish to _SEQ.REPLAY.guarded.*.' }),
      )
      pub.interrupt()
      expect(await pub.ended).toBe(0)
    } finally {
      await guarded.stop()
    }
  })

  it('say that no sender answers', async () => {
    const { code, out } = await cli.run(['doctor', 'nobody', '--timeout', '500ms', '--wait', '0s', ...at()])
    expect(code).toBe(1)
    expect(out).toContain('FAIL  sender       No sender of nobody answers')
    expect(out).not.toMatch(escapeCode)
  })
})

describe('the command line', () => {
  it.each<[string, ReadonlyArray<string>, string]>([
    ['an unknown command', ['nope'], "unknown command 'nope'"],
    ['an unknown option', ['sub', 'updates', '--nope'], '--nope'],
    ['no subject', ['pub'], 'subject'],
    ['a bad duration', ['audit', 'a.*', '--for', '10'], 'not a duration'],
    ['a bad range', ['replay', 'updates.5-4'], 'not a range'],
    ['a filter of everything', ['audit', '>'], 'Name the first token'],
    ['contrary options', ['sub', 'updates', '--raw', '--json'], 'exclude each other'],
    ['a missing context', ['sub', 'updates', '--context', 'none'], 'none'],
    ['a sender without a name', ['permissions', 'sender', 'updates', '--addressing', 'perSender'], 'sender'],
  ])('refuses %s with code 2 and a reason', async (_, args, reason) => {
    const { code, out, err } = await cli.run(args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(reason)
  })

  it('ends with code 3 if there is no server, and takes its address from NATS_URL or a context', async () => {
    expect(await cli.run(['sub', 'updates'], '', { NATS_URL: '127.0.0.1:1' })).toMatchObject({
      code: 3,
      err: expect.stringContaining('No connection to 127.0.0.1:1'),
    })
    const context = join(cli.folder, 'here.json')
    await writeFile(context, JSON.stringify({ url: server.url }))
    expect((await cli.run(['stream', 'ANY', 'any'], '', { NATS_CONTEXT: context })).code).toBe(0)
  })

  it('has a help for each command, with examples and exit codes', async () => {
    const { code, out } = await cli.run(['--help'])
    expect(code).toBe(0)
    const names = [...out.matchAll(/^ {2}(\w+) .*/gm)].map(([, name = '']) => name).filter(n => n !== 'help')
    const commands = ['pub', 'sub', 'audit', 'replay', 'doctor', 'stream', 'permissions']
    expect(names).toEqual(expect.arrayContaining(commands))
    const helps = await Promise.all(commands.map(name => cli.run([name, '--help'])))
    const guide = await readFile(join(__dirname, '..', '..', 'docs', 'guides', 'command-line.md'), 'utf8')
    const options = [...guide.matchAll(/`.*?(--[a-z-]+).*?`/g)].map(([, option = '']) => option)
    expect(options.filter(option => !helps.some(help => help.out.includes(`${option} `)))).toEqual([])
    expect(options.length).toBeGreaterThan(30)
    for (const help of helps) {
      expect(help).toMatchObject({ code: 0, err: '' })
      expect(help.out).toMatch(/Examples:[\s\S]*Exit codes:/)
    }
  })
})
