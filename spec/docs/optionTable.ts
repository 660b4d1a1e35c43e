// Tables of options in docs/defaults.md.
import type * as t from 'io-ts'
import { table } from './markers.ts'

/** What a table says of an option. */
export interface Row {
  /** Its default; code if it is not a number. Without one, it is not set. */
  readonly is?: number | string
  readonly unit?: string
  readonly bounds: string
  readonly why: string
}

export const ms = 'ms'
export const messages = 'messages'
export const bytes = 'bytes'

/** The bounds that a codec has as its name, such as "a number above 0". */
export const bounds = ({ name }: t.Mixed): string => name.replace(/^an? (number|integer)(,| from)? ?/, '$1 ').trim()

/** A number with its unit's usual multiple. */
export const written = (value: number, unit: string | undefined): string => {
  const mib = value / (1024 * 1024)
  const number = value.toLocaleString('en-US')
  return unit === bytes && Number.isInteger(mib) && mib > 0 ? `${number} (${mib} MiB)` : number
}

const cellOf = ({ is, unit }: Row): string => {
  if (is === undefined) return 'not set'
  return typeof is === 'number' ? written(is, unit) : `\`${is}\``
}

export const optionTable = (rows: Readonly<Record<string, Row>>): string =>
  table(
    ['option', 'default', 'unit', 'bounds', 'change it to'],
    Object.entries(rows).map(([name, row]) => [`\`${name}\``, cellOf(row), row.unit ?? '', row.bounds, row.why]),
  )
