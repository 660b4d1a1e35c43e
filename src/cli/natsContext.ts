/**
 * The contexts of the `nats` tool: connection settings under a name.
 *
 *     ~/.config/nats/context/prod.json    the settings
 *     ~/.config/nats/context.txt          the name of the selected context
 */
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Json from 'fp-ts/lib/Json.js'
import * as t from 'io-ts'
import { quoted } from '../core/internal/codec.ts'
import { messageOf, usageError } from './CliError.ts'

const fields = {
  url: t.string,
  user: t.string,
  password: t.string,
  token: t.string,
  creds: t.string,
  nkey: t.string,
  user_jwt: t.string,
  cert: t.string,
  key: t.string,
  ca: t.string,
  inbox_prefix: t.string,
  jetstream_domain: t.string,
  jetstream_api_prefix: t.string,
  tls_first: t.boolean,
}

const codec = t.exact(t.partial(fields, 'context'))

/** The settings of a context that this command uses. */
export type NatsContext = t.TypeOf<typeof codec>

export type Env = Readonly<Record<string, string | undefined>>

/** Parses the text of a context file. Unknown settings are ignored, and empty ones count as absent. */
export const parse = (text: string): E.Either<string, NatsContext> =>
  pipe(
    Json.parse(text),
    E.mapLeft(() => 'it is not JSON'),
    E.chain(json =>
      pipe(
        codec.decode(json),
        E.mapLeft(errors => `it has a wrong value of ${errors.map(e => e.context.at(-1)?.key).join(', ')}`),
      ),
    ),
    E.map(settings => Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== ''))),
  )

const home = (env: Env): string => env['HOME'] ?? homedir()

/** Replaces a leading `~`, as the `nats` tool does. */
export const expandHome = (path: string, env: Env): string =>
  /^~[/\\]/.test(path) ? join(home(env), path.slice(2)) : path

const folderOf = (env: Env): string => join(env['XDG_CONFIG_HOME'] || join(home(env), '.config'), 'nats')

const read = async (path: string, what: string): Promise<NatsContext> => {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw usageError(`${what} can't be read: ${messageOf(cause)}. List the contexts with \`nats context ls\`.`)
  })
  const parsed = parse(text)
  if (E.isLeft(parsed)) throw usageError(`${what} (${path}) is not valid: ${parsed.left}.`)
  return parsed.right
}

/**
 * Reads the context with this name, or from this absolute path. Without a name it reads the selected context; `{}` if
 * none is selected.
 */
export const readContext = async (name: string | undefined, env: Env): Promise<NatsContext> => {
  const folder = folderOf(env)
  if (name !== undefined && isAbsolute(name)) return read(name, `The context ${quoted(name)}`)
  const selected = name ?? (await readFile(join(folder, 'context.txt'), 'utf8').catch(() => '')).trim()
  if (selected === '') return {}
  // A name is one path segment, as the nats tool demands.
  if (/[/\\]|^\.\.?$/.test(selected))
    throw usageError(`${quoted(selected)} is not the name of a context: it has a path separator. Use an absolute path.`)
  return read(join(folder, 'context', `${selected}.json`), `The context ${quoted(selected)}`)
}
