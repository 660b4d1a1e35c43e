// Every rule of docs/protocol.md has an id, and a test that names it: a vector, the name of a test with peers, or an
// existing test in rules.json.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { files } from './make.ts'

const root = join(__dirname, '..', '..')
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')

const page = textOf('docs/protocol.md')
const ids = [...page.matchAll(/<a id="(\w+)"><\/a>\*\*(\w+)\*\*/g)].map(([, anchor = '', id = '']) => ({ anchor, id }))

/** All values of the key `rules`, at any depth. */
const rulesIn = (u: unknown): ReadonlyArray<string> => {
  if (typeof u !== 'object' || u === null) return []
  return Object.entries(u).flatMap(([key, value]) => (key === 'rules' ? value : rulesIn(value)))
}

const peers = readdirSync(join(root, 'spec/peers')).filter(name => name.endsWith('.spec.ts'))
const inPeers = peers.flatMap(name =>
  [...textOf(`spec/peers/${name}`).matchAll(/(?<=\[)[A-Z]{1,2}\d+(?=\])/g)].map(([id]) => id),
)
const others: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(textOf('spec/vectors/rules.json'))

const tested = new Set([...rulesIn(files()), ...inPeers, ...Object.keys(others)])

test('each id is used once, and its anchor is its name in lower case', () => {
  expect(ids.length).toBeGreaterThan(80)
  expect(new Set(ids.map(({ id }) => id)).size).toBe(ids.length)
  expect(ids.filter(({ anchor, id }) => anchor !== id.toLowerCase())).toEqual([])
})

test('each rule is named by a test, and no test names a rule that does not exist', () => {
  const all = new Set(ids.map(({ id }) => id))
  expect([...all].filter(id => !tested.has(id))).toEqual([])
  expect([...tested].filter(id => !all.has(id))).toEqual([])
})

test.each(Object.entries(others).flatMap(([id, tests]) => Object.entries(tests).map(each => [id, ...each] as const)))(
  '%s: %s has the test "%s"',
  (_, path, name) => {
    expect(textOf(path)).toContain(name)
  },
)

test('each paragraph with MUST or SHOULD has an id', () => {
  // A paragraph, or an item of a list with its continuation lines.
  const paragraphs = page.split(/\n\n|\n(?=- |\d+\. )/)
  const rules = paragraphs.filter(p => /\b(MUST|SHOULD)\b/.test(p) && !p.includes('RFC 2119'))
  expect(rules.length).toBeGreaterThan(40)
  expect(rules.filter(p => !p.includes('<a id="'))).toEqual([])
})

test('each link to a rule leads to one', () => {
  const links = [...page.matchAll(/\[([A-Z]{1,2}\d+)\]\(#(\w+)\)/g)]
  expect(links.length).toBeGreaterThan(0)
  expect(links.filter(([, id, anchor]) => !ids.some(known => known.id === id && known.anchor === anchor))).toEqual([])
})
