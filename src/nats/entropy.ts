/** What nobody has drawn before. */
import type { Epoch } from '../core/Epoch.ts'
import { fromEntropy } from '../core/Epoch.ts'

export const drawEpoch = (): Epoch => fromEntropy(crypto.getRandomValues(new Uint8Array(8)))

export const drawSeed = (): number => crypto.getRandomValues(new Int32Array(1))[0] ?? 0
