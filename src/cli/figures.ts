/** Numbers for people: thousands separators and rates. */

/** `1234567` as `1,234,567`. */
export const count = (n: number): string => n.toLocaleString('en-US')

/** A rate per second: two digits below 10, whole numbers above. */
export const perSecond = (n: number): string => (n > 0 && n < 10 ? n.toFixed(1) : count(Math.round(n)))

/** `1 message`, `2 messages`. */
export const counted = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? '' : 's'}`
