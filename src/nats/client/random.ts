/** Random values. */
import type { Epoch } from '../../core/protocol/Epoch.ts'
import { fromEntropy } from '../../core/protocol/Epoch.ts'

export const randomEpoch = (): Epoch => fromEntropy(crypto.getRandomValues(new Uint8Array(8)))

export const randomSeed = (): number => crypto.getRandomValues(new Int32Array(1))[0] ?? 0

/** 16 hexadecimal digits. */
export const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(8)), byte => byte.toString(16).padStart(2, '0')).join('')
