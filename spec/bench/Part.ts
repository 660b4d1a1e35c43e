// A part of the benchmark: what it needs, and what it returns.
import type { NatsServer } from '../server/natsServer.ts'
import type { Contender, Kind } from './contenders.ts'
import type { Options } from './options.ts'

/** One line of a table: a cell for each column. */
export type Row = Readonly<Record<string, string | number>>

export interface Table {
  readonly title: string
  readonly rows: ReadonlyArray<Row>
}

/** Measured values by the names that `goals.ts` uses. */
export type Figures = Readonly<Record<string, number>>

export interface Outcome {
  readonly tables: ReadonlyArray<Table>
  readonly figures: Figures
}

export interface Stage {
  readonly server: NatsServer
  readonly kind: Kind
  /** The baseline and those that `--only` names. */
  readonly contenders: ReadonlyArray<Contender>
  readonly options: Options
}

export interface Part {
  readonly name: string
  /** False for a part whose result does not depend on the client. It runs once. */
  readonly perClient: boolean
  /** Whether it runs without `--part`. */
  readonly byDefault: 'always' | 'unlessQuick' | 'never'
  readonly measure: (stage: Stage) => Promise<Outcome>
}
