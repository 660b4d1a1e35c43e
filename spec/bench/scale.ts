// Many connections, origins and receivers at a time, all idle. Each receiver is a process.
import type { Outcome, Part, Stage } from './Part.ts'
import { idle } from './population.ts'

/** The origins and receivers that the goal is about. */
const reference = 100_000
const referenceReceivers = 10

const measure = async (stage: Stage): Promise<Outcome> => {
  const { quick, origins = [quick ? 10_000 : reference], connections = 20, seconds = quick ? 5 : 30 } = stage.options
  const receivers = stage.options.receivers ?? (quick ? 2 : referenceReceivers)
  const most = Math.max(...origins)
  const { rows, cpu } = await idle(stage, { origins: most, connections, receivers, seconds })
  const what = `origins: ${most}, connections: ${connections}, receivers: ${receivers}`
  return {
    tables: [{ title: `scale, ${what}, ${stage.kind.name}`, rows }],
    figures: most >= reference && receivers >= referenceReceivers ? { 'scale: CPU of a core': cpu } : {},
  }
}

export const scale: Part = { name: 'scale', perClient: true, byDefault: 'never', measure }
