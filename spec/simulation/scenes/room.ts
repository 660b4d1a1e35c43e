// Little room: what finds none, and what waits for it.
import type { Scene } from '../scene.ts'

export const scenesOfRoom: ReadonlyArray<Scene> = []
