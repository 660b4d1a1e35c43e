/** A queue with bounds. It is read from its oldest item, and any item can be removed. */
import * as number from 'fp-ts/lib/number.js'
import * as M from '../internal/OrderedMap.ts'
import type { Queue } from './state.ts'

/** The bounds of each queue: messages, and bytes. */
export const maxMessages = 4096
export const maxBytes = 4 * 1024 * 1024

const keys = M.orderedBy(number.Ord)

export const add = <T>({ items, bytes }: Queue<T>, key: number, item: T, size: number): Queue<T> => ({
  items: keys.set(items, key, item),
  bytes: bytes + size,
})

export const remove = <T>({ items, bytes }: Queue<T>, key: number, size: number): Queue<T> => ({
  items: keys.remove(items, key),
  bytes: bytes - size,
})

export const isOverfull = <T>({ items, bytes }: Queue<T>): boolean => M.size(items) > maxMessages || bytes > maxBytes
