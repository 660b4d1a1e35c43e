// A scene: a world in which something happens that chance alone would bring about too seldom. Who is there is plain data, as in
// any plan; what is done to them is played beside its deeds, and varies by chance as well.
import type { Stage } from './deeds.ts'
import type { Plan } from './plan.ts'
import type { Chance } from './prng.ts'
import type { World } from './world.ts'

export interface Scene {
  readonly name: string
  /** Who is there, made of a calm plan: one sender, one receiver, nothing goes wrong. */
  readonly plan: (calm: Plan, chance: Chance) => Plan
  /** What is done to them. Called when all are born, before anything has happened: it puts its deeds on the agenda. */
  readonly play: (world: World, stage: Stage) => void
}
