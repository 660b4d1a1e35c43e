// What is tried with each framework, and what the link drops.
import { random } from '../../docs/demo/random.ts'
import { type DecideFate, drop, type LossyLink, pass, startLossyLink } from '../server/lossyLink.ts'

export interface Trial {
  readonly framework: 'Moleculer' | 'NestJS'
  readonly scenario: string
  /** What happens, for the table. */
  readonly what: string
  /** How many of 100 messages the link drops. */
  readonly percent: number
  /** `events`: only the messages of the framework. `all`: also heartbeats, requests and replays of the library. */
  readonly of: 'events' | 'all'
  /** Whether the connections are cut after a third of the messages. */
  readonly cut: boolean
}

const trialsOf = (framework: Trial['framework'], scenario: string, what: string): ReadonlyArray<Trial> => [
  { framework, scenario, what, percent: 5, of: 'events', cut: false },
  { framework, scenario, what, percent: 30, of: 'events', cut: false },
  // With 30% a request may fail ten times in a row, and then the loss is reported.
  { framework, scenario, what, percent: 10, of: 'all', cut: false },
  { framework, scenario, what: `${what}, all connections cut once`, percent: 0, of: 'events', cut: true },
]

const lossy = { percent: 30, of: 'events', cut: false } as const

export const trials: ReadonlyArray<Trial> = [
  ...trialsOf('Moleculer', 'broadcast', 'broadcast'),
  { framework: 'Moleculer', scenario: 'emit', what: 'emit to one of two nodes', ...lossy },
  { framework: 'Moleculer', scenario: 'stop', what: 'the sender stops', ...lossy },
  { framework: 'Moleculer', scenario: 'rollOut', what: 'to nodes of the first deployment', ...lossy },
  { framework: 'Moleculer', scenario: 'call', what: 'call, packets REQ and RES too', ...lossy },
  ...trialsOf('NestJS', 'emit', 'emit'),
  { framework: 'NestJS', scenario: 'stop', what: 'the sender closes', ...lossy },
]

const eventsOf = { Moleculer: /^MOL-shop\.(EVENT|REQ|RES)\./, NestJS: /^orders\./ } as const
const library = /^(_SEQ|_INBOX)\./
const beforeCut = 40

/** A link that treats messages as a trial says: the same each time, as far as they arrive in the same order. */
export const startTrialLink = async (port: number, { framework, percent, of, cut }: Trial): Promise<LossyLink> => {
  const { below } = random(7, percent)
  let seen = 0
  const fate: DecideFate = ({ subject }) => {
    const isEvent = eventsOf[framework].test(subject)
    if (!isEvent && !(of === 'all' && library.test(subject))) return pass
    seen += 1
    // Not while the link handles a chunk of data.
    if (cut && seen === beforeCut) setImmediate(() => link.cut())
    return below(100) < percent ? drop : pass
  }
  const link = await startLossyLink(port, fate)
  return link
}
