// The names in the simulation: epochs, subjects and origins.
import type { Either } from 'fp-ts/lib/Either.js'
import { isRight } from 'fp-ts/lib/Either.js'
import * as Epoch from '../../src/core/protocol/Epoch.ts'
import type { Addressing, Origin } from '../../src/core/protocol/Origin.ts'
import * as Origins from '../../src/core/protocol/Origin.ts'
import * as Subject from '../../src/core/protocol/Subject.ts'
import type { World } from './world.ts'

/** The value of a `Right`. Only valid names are made here. */
const valid = <L, A>(e: Either<L, A>): A => {
  if (isRight(e)) return e.right
  throw new Error(`refused: ${JSON.stringify(e.left)}`)
}

/** The epoch with this number. */
export const epochOf = (n: number): Epoch.Epoch => valid(Epoch.parse(`@${String(n).padStart(10, '0')}`))

export const drawEpoch = (world: World): Epoch.Epoch => {
  world.lastEpoch += 1
  return epochOf(world.lastEpoch)
}

/** In `single` each line has its own subject, in `perSender` its own sender name. */
export const originOf = (addressing: Addressing, name: string, epoch: Epoch.Epoch): Origin =>
  addressing === 'single'
    ? valid(Origins.single(valid(Subject.parse(`updates.${name}`))))
    : valid(Origins.perSender(valid(Subject.parse('updates')), { sender: valid(Subject.parseToken(name)), epoch }))

/** The origin and the number of a data subject. */
export const partsOf = (subject: string): { readonly origin: string; readonly number: number } => {
  const dot = subject.lastIndexOf('.')
  return { origin: subject.slice(0, dot), number: Number(subject.slice(dot + 1)) }
}
