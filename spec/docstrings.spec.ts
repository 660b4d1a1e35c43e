// What can be imported has a summary, says since when it is there, and its examples compile, run, and give what the comment
// beside or below each expression says. In them `nc` is a connection.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { connect } from 'nats'
import ts from 'typescript'
import { complaints, entries, programOf, root, run } from './blocks.ts'
import { pageFiles } from './pageBlocks.ts'
import { type NatsServer, startNatsServer } from './server/natsServer.ts'

interface Example {
  readonly file: string
  /** Where its code begins, as an editor counts. */
  readonly line: number
  readonly code: string
}

const sources: ReadonlyArray<string> = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .map(name => `src/${name}`)
  .sort()

const examplesOf = (file: string): ReadonlyArray<Example> => {
  const lines = readFileSync(join(root, file), 'utf8').split('\n')
  return lines.flatMap((tag, i) => {
    if (!/^ *\* @example$/.test(tag)) return []
    const after = lines.slice(i + 1)
    const length = after.findIndex(line => /^ *\*(\/| @)/.test(line))
    const code = after.slice(0, length).map(line => line.replace(/^ *\* ?/, ''))
    return [{ file, line: i + 2, code: code.join('\n') }]
  })
}

const examples = sources.flatMap(examplesOf)

// --- values

const parsed = (code: string): ts.SourceFile => ts.createSourceFile('example.ts', code, ts.ScriptTarget.ES2022, true)

/** The text of the comment beside a statement, or on the lines below it. */
const valueBeside = (code: string, statement: ts.Statement): string | undefined => {
  const rest = code.slice(statement.end)
  const [, beside] = /^ *\/\/ (.+)/.exec(rest) ?? []
  const [, below] = /^\n((?:\/\/ .+\n?)+)/.exec(rest) ?? []
  return beside ?? below?.replace(/^\/\/ /gm, '')
}

/** The example, with each expression that has a value beside it handed to `check`. */
const checking = (code: string): { readonly code: string; readonly count: number } => {
  let [out, from, count] = ['', 0, 0]
  for (const statement of parsed(code).statements) {
    const value = ts.isExpressionStatement(statement) ? valueBeside(code, statement) : undefined
    if (value === undefined) continue
    out += `${code.slice(from, statement.getStart())};check(${code.slice(statement.getStart(), statement.end)}, ${JSON.stringify(value)});`
    from = statement.end
    count += 1
  }
  return { code: out + code.slice(from), count }
}

const values = { right: E.right, left: E.left, some: O.some, none: O.none }

const evaluated = (text: string): unknown =>
  new Function(...Object.keys(values), `return (${text})`)(...Object.values(values))

// --- types

const needsConnection = (code: string): boolean => /\bnc\b/.test(code)

const files = new Map(
  examples.map(({ file, line, code }) => {
    const given = needsConnection(code) ? "declare const nc: import('nats-sequenced').Connection; " : ''
    return [join(root, `${file}-${line}.ts`), `${'\n'.repeat(line - 1)}${given}${code}\nexport {}\n`] as const
  }),
)

const entryFile = [join(root, 'entries.ts'), [...entries.keys()].map(name => `import '${name}'`).join('\n')] as const

// --- what is exported

/** Names that have no summary, or don't say since when they are there. */
const undocumented = (program: ts.Program): ReadonlyArray<string> => {
  const checker = program.getTypeChecker()
  return [...entries].flatMap(([entry, file]) => {
    const source = program.getSourceFile(join(root, file))
    const module = source && checker.getSymbolAtLocation(source)
    if (module === undefined) return [`${entry} is missing`]
    return checker.getExportsOfModule(module).flatMap(exported => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      if (symbol.flags & ts.SymbolFlags.Module) return []
      const summary = ts.displayPartsToString(symbol.getDocumentationComment(checker))
      const tags = symbol.getJsDocTags(checker).map(tag => tag.name)
      // A summary may end in `@since` on its own line of one line.
      const isSince = tags.includes('since') || tags.includes('internal')
      return summary.trim() !== '' && isSince ? [] : [`${entry}: ${exported.name}`]
    })
  })
}

describe('the docstrings', () => {
  // One program for these tests: it takes seconds to create.
  const program = programOf(new Map([entryFile, ...files, ...pageFiles]))
  let server: NatsServer
  beforeAll(async () => {
    server = await startNatsServer({ jetstream: true })
  })
  afterAll(() => server.stop())

  it('are there for everything that can be imported', () => {
    expect(undocumented(program)).toEqual([])
  })

  it('and the README and the pages in docs have code that the types allow', () => {
    expect(complaints(program, new Map([...files, ...pageFiles]))).toBe('')
  })

  it.each(examples)('have examples that give what they say: $file, line $line', async ({ code }) => {
    const { code: checked, count } = checking(code)
    expect(count).toBeGreaterThan(0)
    const check = (actual: unknown, value: string): void => expect(actual).toEqual(evaluated(value))
    let isLate = false
    const nc = needsConnection(code) ? await connect({ servers: server.url, reconnect: false }) : undefined
    try {
      await run(checked, server.url, { check, nc }, () => {
        isLate = true
        void nc?.close()
      })
      expect(isLate).toBe(false)
    } finally {
      await nc?.close()
    }
  })
})
