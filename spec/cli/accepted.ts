import * as E from 'fp-ts/lib/Either.js'

/** The value of a parser that must accept. */
export const accepted = <A>(parsed: E.Either<unknown, A>): A => {
  if (E.isLeft(parsed)) throw new Error(`refused: ${JSON.stringify(parsed.left)}`)
  return parsed.right
}
