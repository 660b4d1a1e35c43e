// Links within the README and docs lead to something.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from '@jest/globals'
import { root } from './sources.ts'

const pages: ReadonlyArray<string> = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md') && !name.startsWith('api'))
    .map(name => `docs/${name}`),
]

/** The page without its code, where brackets are no links. */
const prose = (page: string): string =>
  readFileSync(page, 'utf8')
    .replace(/^```.*?^```$/gms, '')
    .replace(/`[^`\n]*`/g, code => code.replace(/[[\]()]/g, '_'))

/** The anchors of a page: as GitHub makes them of headings, and as written. */
const anchorsOf = (page: string): ReadonlySet<string> => {
  const text = readFileSync(page, 'utf8').replace(/^```.*?^```$/gms, '')
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  )
  return new Set([...headings, ...[...text.matchAll(/<a id="(\w+)">/g)].map(([, id = '']) => id)])
}

/** The links of a page that lead nowhere. */
const brokenLinks = (page: string): ReadonlyArray<string> =>
  [...prose(join(root, page)).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^https?:/.test(link)) return []
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? join(root, page) : join(root, dirname(page), path)
    if (!existsSync(target)) return [link]
    return anchor === undefined || anchorsOf(target).has(anchor) ? [] : [link]
  })

test.each(pages)('all links of %s lead to a file and a heading', page => {
  expect(brokenLinks(page)).toEqual([])
})
