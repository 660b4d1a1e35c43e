// The drop-in is made of parts that users have, too.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import ts from 'typescript'
import { entries, programOf, root } from '../blocks.ts'

const own = join(root, 'src', 'dropin')

const files = [...entries.values()].map(file => join(root, file))

const program = programOf(new Map(files.map(file => [file, readFileSync(file, 'utf8')])))
const checker = program.getTypeChecker()

/** What a name stands for, wherever it was exported again. */
const behind = (symbol: ts.Symbol): ts.Symbol =>
  (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)

/** All that users can import, and what is in the modules among it. */
const exported = (): ReadonlySet<ts.Symbol> => {
  const all = new Set<ts.Symbol>()
  const add = (module: ts.Symbol): void => {
    for (const symbol of checker.getExportsOfModule(module)) {
      const known = behind(symbol)
      all.add(known)
      if ((known.flags & ts.SymbolFlags.ValueModule) !== 0) add(known)
    }
  }
  for (const file of files) {
    const source = program.getSourceFile(file)
    const module = source === undefined ? undefined : checker.getSymbolAtLocation(source)
    if (module !== undefined) {
      all.add(module)
      add(module)
    }
  }
  return all
}

/** What a file takes from other layers: each name, with what it stands for. */
const importsOf = (file: ts.SourceFile): ReadonlyArray<readonly [string, ts.Symbol | undefined]> =>
  file.statements.flatMap(s => {
    if (!ts.isImportDeclaration(s) || !ts.isStringLiteral(s.moduleSpecifier)) return []
    if (!s.moduleSpecifier.text.startsWith('../')) return []
    const bindings = s.importClause?.namedBindings
    const names = bindings === undefined ? [] : ts.isNamespaceImport(bindings) ? [bindings] : bindings.elements
    return names.map(n => {
      const symbol = checker.getSymbolAtLocation(n.name)
      return [n.name.text, symbol === undefined ? undefined : behind(symbol)] as const
    })
  })

describe('The drop-in', () => {
  it('imports nothing that users can not', () => {
    const known = exported()
    const sources = program.getSourceFiles().filter(f => f.fileName.startsWith(own))
    const imports = sources.flatMap(f =>
      importsOf(f).map(([name, symbol]) => ({ at: `${f.fileName.slice(own.length + 1)}: ${name}`, symbol })),
    )
    expect(sources.length).toBeGreaterThan(6)
    expect(imports.length).toBeGreaterThan(30)
    expect(imports.filter(i => i.symbol === undefined || !known.has(i.symbol)).map(i => i.at)).toEqual([])
  })
})
