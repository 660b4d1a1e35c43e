/** The connection: options and variables of the `nats` tool, and its contexts. */
import { readFile } from 'node:fs/promises'
import type { Command } from '@commander-js/extra-typings'
import { Option } from '@commander-js/extra-typings'
import type { Authenticator, ConnectionOptions, NatsConnection } from '@nats-io/transport-node'
import { connect, credsAuthenticator, jwtAuthenticator, nkeyAuthenticator } from '@nats-io/transport-node'
import * as Subject from '../core/protocol/Subject.ts'
import type { StreamOptions } from '../nats/client/streamApi.ts'
import { durationArgument } from './arguments.ts'
import { messageOf, serverError, usageError } from './CliError.ts'
import type { Io } from './Io.ts'
import type { Env, NatsContext } from './natsContext.ts'
import { expandHome, readContext } from './natsContext.ts'

/** The values of the options of `withConnection`. */
export interface ConnectionFlags {
  readonly server?: string | undefined
  readonly user?: string | undefined
  readonly password?: string | undefined
  readonly token?: string | undefined
  readonly creds?: string | undefined
  readonly nkey?: string | undefined
  readonly tlscert?: string | undefined
  readonly tlskey?: string | undefined
  readonly tlsca?: string | undefined
  readonly tlsfirst?: true | undefined
  readonly context?: string | undefined
  readonly jsDomain?: string | undefined
  readonly jsApiPrefix?: string | undefined
  readonly inboxPrefix?: string | undefined
  readonly timeout: number
}

const group = 'Connection (options, variables and contexts of the nats tool):'

const option = <F extends string>(flags: F, text: string, variable: string) =>
  new Option(flags, text).env(variable).helpGroup(group)

/** Adds the options of a connection to a command. */
export const withConnection = <A extends unknown[], O extends Record<string, unknown>>(command: Command<A, O>) =>
  command
    .addOption(option('-s, --server <urls>', 'servers, separated by commas (default: localhost)', 'NATS_URL'))
    .addOption(option('--user <name>', 'user name, or a token if there is no password', 'NATS_USER'))
    .addOption(option('--password <password>', 'password', 'NATS_PASSWORD'))
    .addOption(option('--token <token>', 'token', 'NATS_TOKEN'))
    .addOption(option('--creds <file>', 'credentials of the user', 'NATS_CREDS'))
    .addOption(option('--nkey <file>', 'NKEY seed of the user', 'NATS_NKEY'))
    .addOption(option('--tlscert <file>', 'TLS certificate of the user', 'NATS_CERT'))
    .addOption(option('--tlskey <file>', 'TLS private key of the user', 'NATS_KEY'))
    .addOption(option('--tlsca <file>', 'TLS certificate authorities of the server', 'NATS_CA'))
    .addOption(new Option('--tlsfirst', 'TLS handshake before the greeting of the server').helpGroup(group))
    .addOption(option('--context <name>', 'context of the nats tool (default: the selected one)', 'NATS_CONTEXT'))
    .addOption(new Option('--js-domain <name>', 'JetStream domain').helpGroup(group))
    .addOption(new Option('--js-api-prefix <subject>', 'prefix of the JetStream API').helpGroup(group))
    .addOption(new Option('--inbox-prefix <subject>', 'first tokens of inboxes').helpGroup(group))
    .addOption(
      option('--timeout <duration>', 'how long to wait for an answer', 'NATS_TIMEOUT')
        .argParser(durationArgument)
        .default(5000, '5s'),
    )

/** The settings of a connection, from flags first and then from a context. */
interface Settings {
  readonly servers: ReadonlyArray<string>
  readonly context: NatsContext
}

const serversOf = (urls: string): ReadonlyArray<string> =>
  urls
    .split(',')
    .map(url => url.trim())
    .filter(url => url !== '')

/** Flags of the identity replace the whole identity of a context: a mixture of both would be neither. */
const hasIdentity = (f: ConnectionFlags): boolean =>
  [f.user, f.password, f.token, f.creds, f.nkey].some(value => value !== undefined)

const identity = ['user', 'password', 'token', 'creds', 'nkey', 'user_jwt'] as const

/** What flags say replaces what the context says. */
export const mergeSettings = (flags: ConnectionFlags, saved: NatsContext): Settings => {
  const own = Object.entries({
    user: flags.user,
    password: flags.password,
    token: flags.token,
    creds: flags.creds,
    nkey: flags.nkey,
    cert: flags.tlscert,
    key: flags.tlskey,
    ca: flags.tlsca,
    tls_first: flags.tlsfirst,
    jetstream_domain: flags.jsDomain,
    jetstream_api_prefix: flags.jsApiPrefix,
    inbox_prefix: flags.inboxPrefix,
  }).filter(([, value]) => value !== undefined)
  const base = hasIdentity(flags)
    ? Object.fromEntries(Object.entries(saved).filter(([name]) => !identity.some(field => field === name)))
    : saved
  return {
    servers: serversOf(flags.server ?? saved.url ?? 'localhost:4222'),
    context: { ...base, ...Object.fromEntries(own) },
  }
}

/** The user and password of a URL, which the client does not read. */
const splitUrl = (url: string): { readonly server: string; readonly user?: string; readonly password?: string } => {
  const [, scheme = '', info, rest = ''] = /^(\w+:\/\/)?(?:([^@/]*)@)?(.*)$/.exec(url) ?? []
  if (info === undefined) return { server: url }
  const [user = '', ...password] = info.split(':')
  return {
    server: `${scheme}${rest}`,
    user: decodeURIComponent(user),
    ...(password.length === 0 ? {} : { password: decodeURIComponent(password.join(':')) }),
  }
}

const readSecret = async (path: string, what: string, env: Env): Promise<Uint8Array> => {
  try {
    return await readFile(expandHome(path, env))
  } catch (cause) {
    throw usageError(`The ${what} can't be read: ${messageOf(cause)}.`)
  }
}

const authenticatorOf = async (context: NatsContext, env: Env): Promise<Authenticator | undefined> => {
  if (context.creds !== undefined) return credsAuthenticator(await readSecret(context.creds, 'credentials', env))
  const seed =
    context.nkey === undefined
      ? undefined
      : new TextEncoder().encode(new TextDecoder().decode(await readSecret(context.nkey, 'NKEY seed', env)).trim())
  if (context.user_jwt !== undefined) return jwtAuthenticator(context.user_jwt, seed)
  return seed && nkeyAuthenticator(seed)
}

/** The options of the client. */
export const connectionOptions = async (flags: ConnectionFlags, env: Env): Promise<ConnectionOptions> => {
  const { servers, context } = mergeSettings(flags, await readContext(flags.context, env))
  const urls = servers.map(splitUrl)
  const inUrl = urls.find(url => url.user !== undefined)
  const user = context.user ?? inUrl?.user
  const password = context.password ?? inUrl?.password
  // The nats tool takes a user without a password for a token.
  const token = context.token ?? (password === undefined ? user : undefined)
  const authenticator = await authenticatorOf(context, env)
  const { cert, key, ca, inbox_prefix, tls_first } = context
  if (inbox_prefix !== undefined && !Subject.isSubject(inbox_prefix))
    throw usageError(`--inbox-prefix: ${JSON.stringify(inbox_prefix)} is not a subject. Use tokens without wildcards.`)
  const needsTls = [cert, key, ca, tls_first].some(v => v !== undefined) || servers.some(s => s.startsWith('tls://'))
  return {
    servers: urls.map(url => url.server),
    name: 'nats-sequenced',
    timeout: flags.timeout,
    maxReconnectAttempts: -1,
    ...(user === undefined || password === undefined ? {} : { user, pass: password }),
    ...(token === undefined ? {} : { token }),
    ...(authenticator === undefined ? {} : { authenticator }),
    ...(inbox_prefix === undefined ? {} : { inboxPrefix: inbox_prefix }),
    ...(needsTls
      ? {
          tls: {
            ...(cert === undefined ? {} : { certFile: expandHome(cert, env) }),
            ...(key === undefined ? {} : { keyFile: expandHome(key, env) }),
            ...(ca === undefined ? {} : { caFile: expandHome(ca, env) }),
            ...(tls_first === true ? { handshakeFirst: true } : {}),
          },
        }
      : {}),
  }
}

/** Where the JetStream API is. */
export const streamOptionsOf = async (flags: ConnectionFlags, env: Env): Promise<StreamOptions> => {
  const { context } = mergeSettings(flags, await readContext(flags.context, env))
  const { jetstream_domain: domain, jetstream_api_prefix: apiPrefix } = context
  return { ...(domain === undefined ? {} : { domain }), ...(apiPrefix === undefined ? {} : { apiPrefix }) }
}

const connectTo = async (flags: ConnectionFlags, env: Env): Promise<NatsConnection> => {
  const options = await connectionOptions(flags, env)
  try {
    return await connect(options)
  } catch (cause) {
    throw serverError(
      `No connection to ${[options.servers].flat().join(', ')}: ${messageOf(cause)}. Set --server, credentials or --context.`,
    )
  }
}

/** Reports disconnects, reconnects and errors of the server on standard error. */
const watch = async (nc: NatsConnection, { err }: Io): Promise<void> => {
  for await (const status of nc.status()) {
    if (status.type === 'disconnect') await err.line(err.colors.yellow('Disconnected. Trying to reconnect.'))
    else if (status.type === 'reconnect') await err.line(`Reconnected to ${status.server}.`)
    else if (status.type === 'error') await err.line(err.colors.red(`Error of the server: ${status.error.message}`))
  }
}

/**
 * Runs work with a connection, and closes the connection at its end. Fails if the connection ends before.
 *
 * @param showsStatus whether to report disconnects and errors of the server on standard error
 */
export const withConnectionTo = async <A>(
  flags: ConnectionFlags,
  io: Io,
  work: (nc: NatsConnection) => Promise<A>,
  showsStatus = true,
): Promise<A> => {
  const nc = await connectTo(flags, io.env)
  if (showsStatus) watch(nc, io).catch(() => undefined)
  const ended = nc.closed().then(cause => {
    throw serverError(`The connection has ended: ${cause === undefined ? 'it was closed' : messageOf(cause)}.`)
  })
  try {
    return await Promise.race([work(nc), ended])
  } finally {
    ended.catch(() => undefined)
    await nc.close()
  }
}
