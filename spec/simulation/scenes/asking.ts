// What is asked for, refused, and served.
import type { Scene } from '../scene.ts'

export const scenesOfAsking: ReadonlyArray<Scene> = []
