// All scenes, and how one is found by its name.
import type { Scene } from './scene.ts'
import { scenesOfAsking } from './scenes/asking.ts'
import { scenesOfBelief } from './scenes/belief.ts'
import { scenesOfRoom } from './scenes/room.ts'
import { scenesOfRuns } from './scenes/runs.ts'
import { scenesOfSending } from './scenes/sending.ts'

export const scenes: ReadonlyArray<Scene> = [
  ...scenesOfBelief,
  ...scenesOfRuns,
  ...scenesOfRoom,
  ...scenesOfAsking,
  ...scenesOfSending,
]

const byName = new Map(scenes.map(s => [s.name, s]))

export const sceneOf = (name: string): Scene | undefined => byName.get(name)
