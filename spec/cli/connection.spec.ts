// Options, variables and contexts of the nats tool.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { connectionOptions, mergeSettings, streamOptionsOf } from '../../src/cli/connection.ts'
import { parse, readContext } from '../../src/cli/natsContext.ts'

const timeout = 5000

describe('a connection', () => {
  let home: string
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'nats-context-'))
    const folder = join(home, '.config', 'nats', 'context')
    await mkdir(folder, { recursive: true })
    const contexts = {
      prod: { description: 'x', url: 'nats://prod:4222', user: 'u', password: 'p', creds: '', jetstream_domain: 'hub' },
      other: { url: 'nats://other:4222', inbox_prefix: '_INBOX_me' },
    }
    for (const [name, context] of Object.entries(contexts))
      await writeFile(join(folder, `${name}.json`), JSON.stringify(context))
    await writeFile(join(folder, 'broken.json'), '{"url": 1}')
    await writeFile(join(home, '.config', 'nats', 'context.txt'), 'prod\n')
    await writeFile(join(home, 'seed.nk'), 'SUAAAA\n')
  })
  afterAll(() => rm(home, { recursive: true }))
  const env = () => ({ HOME: home })

  it('uses the selected context, and what a flag says instead', async () => {
    expect(await connectionOptions({ timeout }, env())).toMatchObject({
      servers: ['nats://prod:4222'],
      user: 'u',
      pass: 'p',
    })
    expect(await connectionOptions({ timeout, server: 'a:1,b:2', password: 'q', user: 'v' }, env())).toMatchObject({
      servers: ['a:1', 'b:2'],
      user: 'v',
      pass: 'q',
    })
    expect(await connectionOptions({ timeout, context: 'other' }, env())).toMatchObject({
      servers: ['nats://other:4222'],
      inboxPrefix: '_INBOX_me',
    })
    expect(await streamOptionsOf({ timeout }, env())).toEqual({ domain: 'hub' })
    expect(await streamOptionsOf({ timeout, jsDomain: 'leaf' }, env())).toEqual({ domain: 'leaf' })
  })

  it('prefers XDG_CONFIG_HOME, and works without any context', async () => {
    const elsewhere = { HOME: home, XDG_CONFIG_HOME: join(home, 'nowhere') }
    expect(await readContext(undefined, elsewhere)).toEqual({})
    expect(await connectionOptions({ timeout }, elsewhere)).toMatchObject({ servers: ['localhost:4222'] })
  })

  it('reads a context by its path', async () => {
    expect(await readContext(join(home, '.config', 'nats', 'context', 'other.json'), {})).toMatchObject({
      url: 'nats://other:4222',
    })
  })

  it.each(['missing', 'broken', '../context/prod', '..'])('refuses the context %s', async name => {
    await expect(readContext(name, env())).rejects.toThrow('context')
  })

  it('replaces the whole identity of a context, never a part of it', () => {
    const saved = { user: 'u', password: 'p', creds: 'c', ca: 'ca' }
    expect(mergeSettings({ timeout, nkey: 'n' }, saved).context).toEqual({ nkey: 'n', ca: 'ca' })
  })

  it('takes a user without a password for a token, as the nats tool does', async () => {
    const nowhere = { HOME: join(home, 'nowhere') }
    expect(await connectionOptions({ timeout, user: 's3cret' }, nowhere)).toMatchObject({ token: 's3cret' })
  })

  it('reads user and password of a URL', async () => {
    const options = await connectionOptions({ timeout, server: 'nats://a:p%40ss@h:1' }, { HOME: join(home, 'nowhere') })
    expect(options).toMatchObject({ servers: ['nats://h:1'], user: 'a', pass: 'p@ss' })
  })

  it('uses TLS if a file of TLS is set, or the scheme says so', async () => {
    const nowhere = { HOME: join(home, 'nowhere') }
    expect(await connectionOptions({ timeout, tlsca: '~/ca.pem' }, nowhere)).toMatchObject({
      tls: { caFile: join(home, 'nowhere', 'ca.pem') },
    })
    expect(await connectionOptions({ timeout, server: 'tls://h:1' }, nowhere)).toMatchObject({ tls: {} })
    expect(await connectionOptions({ timeout }, nowhere)).not.toHaveProperty('tls')
  })

  it('expands ~ in the name of a file, and names a file that it can not read', async () => {
    expect(await connectionOptions({ timeout, nkey: '~/seed.nk' }, env())).toHaveProperty('authenticator')
    await expect(connectionOptions({ timeout, creds: '~/none.creds' }, env())).rejects.toThrow(
      /credentials.*none\.creds/,
    )
  })

  it('refuses an inbox prefix with a wildcard', async () => {
    await expect(connectionOptions({ timeout, inboxPrefix: '_INBOX.*' }, env())).rejects.toThrow('--inbox-prefix')
  })
})

describe('the text of a context', () => {
  it.each([
    ['not JSON', '{'],
    ['a wrong type', '{"url": 5}'],
    ['a list', '[]]'],
  ])('is refused if it is %s', (_, text) => {
    expect(parse(text)).toMatchObject({ _tag: 'Left' })
  })

  it('may have settings that this program does not know', () => {
    expect(parse('{"color_scheme": "x", "user": "", "url": "a"}')).toEqual({ _tag: 'Right', right: { url: 'a' } })
  })
})
