// Starts senders and receivers in processes of their own, so that their CPU time counts apart.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { longestWait } from '../server/longestWait.ts'
import { within } from '../server/within.ts'

/** What a child does. */
export type Order = { readonly url: string; readonly kind: string } & (
  | {
      /** Opens `publishers` and sends one message to each subject. */
      readonly role: 'idleSenders'
      readonly root: string
      readonly firstConnection: number
      readonly connections: number
      readonly originsPerConnection: number
      /** New origins in each second. */
      readonly pace: number
    }
  | {
      /** Opens publishers of one subject, in `perSender`, and sends one message of each. */
      readonly role: 'namedSenders'
      readonly subject: string
      readonly senders: number
      readonly connections: number
    }
  | { readonly role: 'receiver'; readonly filter: string; readonly origins: number }
)

/** What a child has used and seen so far. */
export interface Usage {
  /** In ms, of the child's clock. */
  readonly at: number
  /** In µs. */
  readonly cpu: number
  /** In bytes. */
  readonly rss: number
  /** Messages and payload bytes that its connections have received. */
  readonly inMsgs: number
  readonly inBytes: number
  /** The origins that the sender has opened, or the receiver follows. */
  readonly origins: number
  /** How often each kind of delivery was seen. */
  readonly deliveries: Readonly<Record<string, number>>
}

export interface Child {
  readonly usage: () => Promise<Usage>
  readonly stop: () => Promise<void>
}

const script = fileURLToPath(new URL('child.ts', import.meta.url))

const isUsage = (answer: unknown): answer is Usage => typeof answer === 'object' && answer !== null && 'cpu' in answer

const next = async (child: ChildProcess): Promise<unknown> => {
  const controller = new AbortController()
  const { signal } = controller
  const gone = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a child of the benchmark has ended with code ${code}`)
  })
  // A child also ends after `stop`.
  gone.catch(() => undefined)
  try {
    const [answer]: ReadonlyArray<unknown> = await Promise.race([once(child, 'message', { signal }), gone])
    return answer
  } finally {
    controller.abort()
  }
}

/** Starts a child. It never outlives this process. Resolves when the child is connected. */
export const startChild = async (order: Order): Promise<Child> => {
  const child = fork(script, [JSON.stringify(order)], { execArgv: ['--import', 'tsx'] })
  await within('the start of a child', next(child), longestWait)
  return {
    usage: async () => {
      const answer = within('an answer of a child', next(child), longestWait)
      child.send('usage')
      const usage = await answer
      if (!isUsage(usage)) throw new Error(`not the usage of a child: ${JSON.stringify(usage)}`)
      return usage
    },
    stop: async () => {
      if (child.exitCode !== null) return
      const gone = once(child, 'exit')
      child.disconnect()
      await gone
    },
  }
}
