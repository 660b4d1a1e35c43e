// Restarts, rivals, and runs that were left.
import type { Scene } from '../scene.ts'

export const scenesOfRuns: ReadonlyArray<Scene> = []
