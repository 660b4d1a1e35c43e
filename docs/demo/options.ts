import { parseArgs } from 'node:util'
import { maxSeed } from './random.ts'

export interface Options {
  readonly json: boolean
  readonly messages: number
  readonly seed: number
}

export const help = `npm run demo -- [options]

Starts a nats-server. Two senders publish to one receiver over a link that drops, doubles and delays messages. Shows what
the receiver notices, and what a plain subscriber beside it misses without knowing. Ends after some seconds; Ctrl-C ends
it sooner. Where no nats-server can be had, it uses a fake one in its own process.

  --messages N   messages of both senders together, 1000 to 100000 (default 12000)
  --seed N       decides which messages the link drops, doubles and delays (default: random, and printed)
  --json         print only the result, as one JSON object
  --help         print this

Exit code 0: nothing was lost without notice. 1: something was, or the demo could not run. 2: invalid options.
`

const integer = (name: string, text: string, low: number, high: number): number => {
  const n = Number(text)
  if (!/^\d+$/.test(text) || n < low || n > high)
    throw new Error(`--${name}: "${text}" is not an integer from ${low} to ${high}`)
  return n
}

const anySeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0

/** Throws if an option is invalid. Returns `help` for `--help`. */
export const parseOptions = (args: ReadonlyArray<string>): Options | 'help' => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      messages: { type: 'string', default: '12000' },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return 'help'
  return {
    json: values.json,
    messages: integer('messages', values.messages, 1000, 100_000),
    seed: values.seed === undefined ? anySeed() : integer('seed', values.seed, 0, maxSeed),
  }
}
