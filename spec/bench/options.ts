// The options of the command line. An option that is not given has a value of its own in each part.
import { parseArgs } from 'node:util'

export interface Options {
  readonly parts: ReadonlyArray<string> | undefined
  readonly only: ReadonlyArray<string>
  readonly client: string
  readonly quick: boolean
  readonly json: boolean
  readonly bytes: ReadonlyArray<number> | undefined
  readonly origins: ReadonlyArray<number> | undefined
  readonly styles: ReadonlyArray<string> | undefined
  readonly messages: number | undefined
  readonly rounds: number | undefined
  readonly rate: number
  readonly seconds: number | undefined
  readonly minutes: number
  readonly bursts: ReadonlyArray<number>
  readonly connections: number | undefined
  readonly processes: number
  readonly receivers: number | undefined
}

const numbers = (text: string): ReadonlyArray<number> => text.split(',').map(Number)

const optional = <A>(text: string | undefined, read: (text: string) => A): A | undefined =>
  text === undefined ? undefined : read(text)

export const readOptions = (args: ReadonlyArray<string>): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      part: { type: 'string' },
      only: { type: 'string', default: '' },
      client: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      bytes: { type: 'string' },
      origins: { type: 'string' },
      style: { type: 'string' },
      messages: { type: 'string' },
      rounds: { type: 'string' },
      rate: { type: 'string', default: '1000' },
      seconds: { type: 'string' },
      minutes: { type: 'string', default: '10' },
      bursts: { type: 'string', default: '1000,50000' },
      connections: { type: 'string' },
      processes: { type: 'string', default: '2' },
      receivers: { type: 'string' },
    },
  })
  return {
    parts: optional(values.part, text => text.split(',')),
    only: values.only.split(','),
    client: values.client,
    quick: values.quick,
    json: values.json,
    bytes: optional(values.bytes, numbers),
    origins: optional(values.origins, numbers),
    styles: optional(values.style, text => text.split(',')),
    messages: optional(values.messages, Number),
    rounds: optional(values.rounds, Number),
    rate: Number(values.rate),
    seconds: optional(values.seconds, Number),
    minutes: Number(values.minutes),
    bursts: numbers(values.bursts),
    connections: optional(values.connections, Number),
    processes: Number(values.processes),
    receivers: optional(values.receivers, Number),
  }
}
