// What a sender keeps, flushes, promises and sends again.
import type { Scene } from '../scene.ts'

export const scenesOfSending: ReadonlyArray<Scene> = []
