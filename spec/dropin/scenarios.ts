// What applications do with a connection. Each scenario runs on a plain and on a sequenced connection.
import { connecting } from './scenarios/connecting.ts'
import { ending } from './scenarios/ending.ts'
import { publishing } from './scenarios/publishing.ts'
import { requesting } from './scenarios/requesting.ts'
import type { Scenario } from './scenarios/Scenario.ts'
import { subscribing } from './scenarios/subscribing.ts'

export const scenarios: ReadonlyArray<Scenario> = [
  ...publishing,
  ...subscribing,
  ...ending,
  ...requesting,
  ...connecting,
]
