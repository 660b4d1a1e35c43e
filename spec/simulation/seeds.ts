// Which plan a seed stands for: each fifth plays a scene, in turn; the others are drawn.
import type { Plan } from './plan.ts'
import { calmPlan, drawnPlan } from './plan.ts'
import { chanceOf } from './prng.ts'
import { scenes } from './scenes.ts'

/** How many seeds there are for one that plays a scene. */
export const apart = 5

export const planOf = (seed: number): Plan => {
  const scene = seed % apart === 0 ? scenes[(seed / apart) % scenes.length] : undefined
  return scene === undefined ? drawnPlan(seed) : scene.plan(calmPlan(seed, scene.name), chanceOf(seed + 2 ** 42))
}
