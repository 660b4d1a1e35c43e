/**
 * Measures what unique subjects cost the server, and what makes them cheaper or dearer:
 *
 *     npm run -s bench:server                                         all cases, in turn
 *     npm run -s bench:server -- --quick                              the same with fewer messages
 *     npm run -s bench:server -- --only 'permissions' --rounds 9      the cases whose name matches
 *     npm run -s bench:server -- --json
 *
 * The cases are ways to send in a place: a server with or without its subject cache (`no_sublist_cache`), with or
 * without publish permissions, and with other subscriptions that match nothing. Each round visits all places once,
 * with a server of its own, so that other load on the machine affects all cases alike. The figures are µs of the
 * server's CPU time for each message. Each run checks that all messages arrive. It needs Linux: CPU time comes from
 * /proc.
 */
import { parseArgs } from 'node:util'
import { connect } from 'nats'
import { type NatsServer, startNatsServer } from '../server/natsServer.ts'
import { contenders, kinds } from './contenders.ts'
import { run } from './run.ts'
import { median, rounded } from './statistics.ts'

const { values } = parseArgs({
  options: {
    messages: { type: 'string' },
    rounds: { type: 'string' },
    bytes: { type: 'string', default: '64' },
    only: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const messages = Number(values.messages ?? (values.quick ? 20_000 : 200_000))
const rounds = Number(values.rounds ?? (values.quick ? 3 : 7))
const only = new RegExp(values.only)
const [kind] = kinds
if (kind === undefined) throw new Error('there is no client')

/** How messages are sent, and the contender that does it. */
const ways = [
  { way: 'fixed subject', contender: 'fixed subject, no numbers', everywhere: true },
  { way: 'updates.<n>', contender: 'hand-written', everywhere: true },
  { way: 'header', contender: 'number in a header', everywhere: false },
  { way: 'reply subject', contender: 'number in the reply subject', everywhere: false },
  { way: 'publisher', contender: 'publisher, hand-written receiver', everywhere: false },
].map(way => {
  const contender = contenders.find(c => c.name === way.contender)
  if (contender === undefined) throw new Error(`there is no contender "${way.contender}"`)
  return { ...way, contender }
})

/** Subscriptions of another client. They match no message, but the server has to search among them. */
interface Others {
  readonly count: number
  readonly form: 'literal' | 'wildcard'
}

interface Place {
  readonly cache: boolean
  readonly permissions: boolean
  readonly others: Others
}

const allOthers: ReadonlyArray<Others> = [
  { count: 0, form: 'literal' },
  { count: 100, form: 'literal' },
  { count: 10_000, form: 'literal' },
  { count: 100, form: 'wildcard' },
  { count: 10_000, form: 'wildcard' },
]
const places: ReadonlyArray<Place> = allOthers.flatMap(others =>
  [true, false].flatMap(cache => [false, true].map(permissions => ({ cache, permissions, others }))),
)

const nameOf = (way: string, { cache, permissions, others }: Place): string =>
  [
    way,
    cache ? 'cache' : 'no cache',
    permissions ? 'permissions' : 'all allowed',
    others.count === 0 ? 'no others' : `${others.count} ${others.form}`,
  ].join(', ')

const casesAt = (place: Place) =>
  ways
    .filter(({ everywhere }) => everywhere || place.others.count === 0)
    .map(({ way, contender }) => ({ way, contender, place, name: nameOf(way, place) }))
    .filter(({ name }) => only.test(name))

const subject = 'updates'

/** Everybody is the same user, with or without a list of allowed subjects. */
const configOf = ({ cache, permissions }: Place): string => `
${cache ? '' : 'no_sublist_cache: true'}
authorization {
  users: [{
    user: bench, password: secret
    ${permissions ? `permissions: { publish: ["${subject}", "${subject}.>", "_SEQ.HB.${subject}.>", "_INBOX.>"] }` : ''}
  }]
}
no_auth_user: bench
`

let version = ''

/** Opens the other subscriptions. */
const startOthers = async (server: NatsServer, { count, form }: Others): Promise<{ stop(): Promise<void> }> => {
  const nc = await connect({ servers: server.url })
  version = nc.info?.version ?? ''
  // A wildcard in the first token makes the server search a second branch for each message.
  const subjectOf = form === 'literal' ? (i: number) => `${subject}.other${i}` : (i: number) => `*.other${i}`
  for (let i = 0; i < count; i++) nc.subscribe(subjectOf(i), { callback: () => undefined })
  await nc.flush()
  return { stop: () => nc.close() }
}

const cases = places.flatMap(casesAt)
if (cases.length === 0) {
  console.error(
    `No case matches "${values.only}". The cases:\n${places.flatMap(p => ways.map(w => nameOf(w.way, p))).join('\n')}`,
  )
  process.exit(1)
}

const results = new Map<string, number[]>(cases.map(c => [c.name, []]))
for (let round = 0; round < rounds; round++)
  for (const place of places) {
    const here = casesAt(place)
    if (here.length === 0) continue
    const server = await startNatsServer({ config: configOf(place) })
    try {
      const others = await startOthers(server, place.others)
      const load = { kind, style: 'callback', messages, bytes: Number(values.bytes), origins: 1, subject } as const
      for (const { contender, name } of here) results.get(name)?.push((await run(contender, server, load)).serverCpu)
      await others.stop()
    } finally {
      await server.stop()
    }
  }

const of = (name: string): ReadonlyArray<number> => [...(results.get(name) ?? [])].sort((a, b) => a - b)

const rows = cases.map(({ way, place, name }) => {
  const costs = of(name)
  const fixed = median(of(nameOf('fixed subject', place)))
  return {
    way,
    cache: place.cache,
    permissions: place.permissions,
    others: place.others.count === 0 ? '0' : `${place.others.count} ${place.others.form}`,
    median: rounded(median(costs), 2),
    least: rounded(costs.at(0) ?? Number.NaN, 2),
    most: rounded(costs.at(-1) ?? Number.NaN, 2),
    ...(Number.isNaN(fixed) ? {} : { 'of fixed here': rounded(median(costs) / fixed, 2) }),
  }
})
const about = { server: version, node: process.version, messages, rounds, bytes: Number(values.bytes) }
if (values.json) console.log(JSON.stringify({ ...about, rows }, undefined, 2))
else {
  console.log('Server CPU for each message, in µs:', about)
  console.table(rows)
}
