/** Filters as the server matches them. Clients do not check subjects, so any text may arrive. */

/** True for a filter that the server accepts. */
export const isServerFilter = (filter: string): boolean => {
  const tokens = filter.split('.')
  return tokens.every((token, i) => token !== '' && (token !== '>' || i === tokens.length - 1))
}

/** Whether the tokens of a published subject match. A wildcard in the subject is a token like any other. */
export const filterMatcher = (filter: string): ((tokens: ReadonlyArray<string>) => boolean) => {
  const wanted = filter.split('.')
  const isOpen = wanted.at(-1) === '>'
  const fixed = isOpen ? wanted.slice(0, -1) : wanted
  return tokens =>
    (isOpen ? tokens.length > fixed.length : tokens.length === fixed.length) &&
    !tokens.includes('') &&
    fixed.every((token, i) => token === '*' || token === tokens[i])
}
