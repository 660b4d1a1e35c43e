// The CPU time of one receiver that follows many idle origins.
import type { Outcome, Part, Stage } from './Part.ts'
import { idle as measureIdle } from './population.ts'

/** The origins that the goal is about. */
const reference = 100_000

const measure = async (stage: Stage): Promise<Outcome> => {
  const { quick, origins = [quick ? 10_000 : reference], connections = 20, seconds = quick ? 5 : 20 } = stage.options
  const most = Math.max(...origins)
  const { rows, cpu } = await measureIdle(stage, { origins: most, connections, receivers: 1, seconds })
  return {
    tables: [{ title: `idle origins: ${most}, connections: ${connections}, ${stage.kind.name}`, rows }],
    figures: most >= reference ? { 'idle: CPU of a core': cpu } : {},
  }
}

export const idle: Part = { name: 'idle', perClient: true, byDefault: 'unlessQuick', measure }
