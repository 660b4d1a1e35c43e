// The inputs of heads.json. The reference adds whether a receiver ignores each one.
import { parseHead } from '../reference/heads.ts'

const good = {
  v: 1,
  epoch: '@k3v9x0a1bz',
  start: 1,
  first: 17,
  head: 42,
  age: 60000,
  after: 50,
  max: 5000,
  state: 'live',
}
const last = 2 ** 53 - 1
const without = (...names: ReadonlyArray<string>): object =>
  Object.fromEntries(Object.entries(good).filter(([k]) => !names.includes(k)))

const bodies: ReadonlyArray<readonly [rule: string, why: string, body: unknown]> = [
  ['H1', 'a head', good],
  ['H1', 'closed', { ...good, state: 'ended' }],
  ['H1', 'nothing was sent', { ...good, first: 1, head: 0 }],
  ['H1', 'nothing was sent, and numbers begin at 100', { ...good, start: 100, first: 100, head: 99 }],
  ['H1', 'nothing can be replayed', { ...good, first: 43 }],
  ['H1', 'the last number', { ...good, start: last, first: last, head: last }],
  ['H1', 'the last number was sent, and nothing can be replayed', { ...good, first: last + 1, head: last }],
  ['H1', 'times that are not integers', { ...good, age: 0.5, after: 0, max: 1e300 }],
  ['H4', 'without age', without('age')],
  ['H1', 'with prev', { ...good, prev: '@0000000000' }],
  ['H2', 'an unknown field', { ...good, more: [1, { v: 2 }] }],
  ['H1', 'another version', { ...good, v: 2 }],
  ['V1', 'another version', { ...good, v: 0 }],
  ['V1', 'the version is text', { ...good, v: '1' }],
  ...Object.keys(without('age')).map(name => ['H1', `without ${name}`, without(name)] as const),
  ['H1', 'an epoch without @', { ...good, epoch: 'k3v9x0a1bz' }],
  ['H1', 'an epoch with capital letters', { ...good, epoch: '@K3V9X0A1BZ' }],
  ['H1', 'prev is no epoch', { ...good, prev: 'x' }],
  ['H1', 'prev is null', { ...good, prev: null }],
  ['H1', 'start is 0', { ...good, start: 0 }],
  ['H1', 'start is not an integer', { ...good, start: 1.5 }],
  ['H1', 'start is text', { ...good, start: '1' }],
  ['H1', 'head is below start - 1', { ...good, start: 44, first: 44, head: 42 }],
  ['H1', 'head is above 2^53-1', { ...good, head: last + 1 }],
  ['H1', 'head is negative', { ...good, head: -1 }],
  ['H1', 'first is below start', { ...good, start: 10, first: 9 }],
  ['H1', 'first is above head + 1', { ...good, first: 44 }],
  ['H1', 'age is negative', { ...good, age: -1 }],
  ['H1', 'age is null', { ...good, age: null }],
  ['H1', 'after is text', { ...good, after: '50' }],
  ['H1', 'max is negative', { ...good, max: -0.1 }],
  ['H1', 'an unknown state', { ...good, state: 'paused' }],
  ['H1', 'an array', [good]],
  ['H1', 'null', null],
]

const texts: ReadonlyArray<readonly [rule: string, why: string, body: string]> = [
  ['H1', 'empty', ''],
  ['H1', 'not JSON', '{'],
  ['H1', 'text after the end', `${JSON.stringify(good)},`],
  ['H1', 'an infinite time', JSON.stringify(good).replace('60000', '1e999')],
  ['H1', '4096 characters', JSON.stringify(good).padEnd(4096)],
  ['H1', '4097 characters', JSON.stringify(good).padEnd(4097)],
]

/** Bodies of requests to `_SEQ.HEAD`, and whether a sender of `updates` answers. */
const requests: ReadonlyArray<readonly [rule: string, answered: boolean, body: string]> = [
  ['HQ1', true, ''],
  ['HQ1', true, '{}'],
  ['HQ1', true, '{"filter":"updates"}'],
  ['HQ1', true, '{"filter":"*"}'],
  ['HQ1', true, '{"filter":">"}'],
  ['V3', true, '{"filter":"updates","later":1}'],
  ['HQ1', true, '{"filter":">"}'.padEnd(8192)],
  ['HQ1', false, '{"filter":">"}'.padEnd(8193)],
  ['HQ1', false, '{"filter":"other.>"}'],
  ['HQ1', false, '{"filter":"updates.>"}'],
  ['HQ1', false, '{"filter":"a..b"}'],
  ['HQ1', false, '{"filter":""}'],
  ['HQ1', false, '{"filter":1}'],
  ['HQ1', false, '{"filter":null}'],
  ['HQ1', false, '{'],
  ['HQ1', false, '[]'],
  ['HQ1', false, 'null'],
]

export const heads = () => ({
  heads: [...bodies.map(([rule, why, u]) => [rule, why, JSON.stringify(u)] as const), ...texts].map(
    ([rule, why, body]) => ({ rules: [rule], why, body, valid: parseHead(body) !== undefined }),
  ),
  requests: requests.map(([rule, answered, body]) => ({ rules: [rule], body, answered })),
})
