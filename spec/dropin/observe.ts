// What an application sees of a scenario.
import type { Json, Kind, Mode, Place } from './bench.ts'
import { run, showError, within } from './bench.ts'
import type { Scenario } from './scenarios/Scenario.ts'

export interface Seen {
  /** The scenario's result, or its error. */
  readonly observation: { readonly seen: Json } | { readonly failed: Json }
  /** Notices that a sequenced connection should not report. */
  readonly grave: ReadonlyArray<string>
}

const grave = ['Lost', 'Overflowed', 'Conflict', 'Mismatch', 'NotPermitted', 'SenderConflict', 'NotResent']

export const observe = async (scenario: Scenario, kind: Kind, mode: Mode, place: Place): Promise<Seen> => {
  const { bench, notices, anonymous, end } = run(kind, mode, place)
  const observation = await within(scenario.name, scenario.run(bench)).then(
    seen => ({ seen }),
    cause => ({ failed: showError(cause) }),
  )
  await end()
  return {
    observation: JSON.parse(anonymous(JSON.stringify(observation))),
    grave: notices.map(n => n.notice._tag).filter(tag => grave.includes(tag)),
  }
}
