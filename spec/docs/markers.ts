// Parts of a page that are made from the sources: `<!-- name: generated -->` to `<!-- /name -->`.

/** A table in Markdown. */
export const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`.replace(/ {2,}\|/g, ' |')).join('\n')

/** The page with its generated parts. Each part must have a place, and each place a part. */
export const filled = (page: string, parts: ReadonlyMap<string, string>): string => {
  const places = [...page.matchAll(/<!-- (\w+): generated -->/g)].map(([, name = '']) => name)
  const odd = [...places.filter(name => !parts.has(name)), ...[...parts.keys()].filter(name => !places.includes(name))]
  if (odd.length > 0) throw new Error(`these parts have no place on the page, or no content: ${odd.join(', ')}`)
  return page.replace(
    /(<!-- (\w+): generated -->\n).*?(<!-- \/\2 -->)/gs,
    (_, begin: string, name: string, end: string) => `${begin}\n${parts.get(name)}\n\n${end}`,
  )
}
