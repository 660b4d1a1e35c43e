// All scenes, and how one is found by its name.
import type { Scene } from './scene.ts'
import { scenesOfBelief } from './scenes/belief.ts'

export const scenes: ReadonlyArray<Scene> = [...scenesOfBelief]

const byName = new Map(scenes.map(s => [s.name, s]))

export const sceneOf = (name: string): Scene | undefined => byName.get(name)
