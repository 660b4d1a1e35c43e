// What the benchmark computes from its samples, and how it prints numbers.

const sorted = (numbers: ReadonlyArray<number>): ReadonlyArray<number> => [...numbers].sort((a, b) => a - b)

export const quantile = (numbers: ReadonlyArray<number>, q: number): number =>
  sorted(numbers)[Math.min(numbers.length - 1, Math.floor(numbers.length * q))] ?? Number.NaN

export const median = (numbers: ReadonlyArray<number>): number => quantile(numbers, 0.5)

/** The median of the ratios, each of two samples of the same round: load from elsewhere changes from round to round. */
export const ratio = (numbers: ReadonlyArray<number>, of: ReadonlyArray<number>): number =>
  median(numbers.map((n, round) => n / (of[round] ?? Number.NaN)))

export const rounded = (number: number, digits: number): number => Number(number.toFixed(digits))

export const thousands = (number: number): string => Math.round(number).toLocaleString('en')
