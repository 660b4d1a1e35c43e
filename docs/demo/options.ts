import { parseArgs } from 'node:util'
import { maxSeed } from './random.ts'

export interface Options {
  readonly json: boolean
  readonly messages: number
  readonly seed: number
}

export const help = `npm run demo -- [options]

Starts a nats-server of its own, lets two senders publish to one receiver over a link that loses, doubles and delays
messages, and says what the receiver noticed of it. Ends by itself after some seconds; Ctrl-C ends it sooner.

  --messages N   how many the two senders publish together, 1000 to 100000 (default 12000)
  --seed N       what befalls which message: the same seed, the same harm (default: a random one, which is printed)
  --json         print nothing but the result, as one JSON object
  --help         print this

Exit code 0: nothing was lost without notice. 1: something was, or the demo could not run. 2: wrong options.
`

const integer = (name: string, text: string, low: number, high: number): number => {
  const n = Number(text)
  if (!/^\d+$/.test(text) || n < low || n > high)
    throw new Error(`--${name}: "${text}" is not an integer from ${low} to ${high}`)
  return n
}

const anySeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0

/** Throws with the reason if they can't be; `help` if that is asked for. */
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
