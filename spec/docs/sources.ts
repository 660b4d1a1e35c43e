// What the sources say, for pages that are made from them: docstrings, constants, and the messages of errors.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** The scripts of package.json and jest run in the folder of the project. */
export const root = process.cwd()

const parsed = new Map<string, ts.SourceFile>()

/** A file of the project, such as `src/nats/errors.ts`. */
const source = (file: string): ts.SourceFile => {
  const known = parsed.get(file)
  if (known !== undefined) return known
  const created = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.ES2022, true)
  parsed.set(file, created)
  return created
}

/** The first result of `f` for a node of the tree, top down. */
const findIn = <A>(node: ts.Node, f: (node: ts.Node) => A | undefined): A | undefined => {
  let found = f(node)
  // `forEachChild` goes on after a result such as 0.
  ts.forEachChild(node, child => {
    found ??= findIn(child, f)
  })
  return found
}

const allIn = (node: ts.Node, f: (node: ts.Node) => void): void => {
  f(node)
  ts.forEachChild(node, child => allIn(child, f))
}

// --- docstrings

/** The text of the comment before a node, without its tags, on one line for each paragraph or list item. */
const commentOf = (node: ts.Node): string | undefined => {
  const text = node.getSourceFile().text
  const [last] = (ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []).slice(-1)
  if (last === undefined) return undefined
  return text
    .slice(last.pos, last.end)
    .replace(/^\/\*\*|\*\/$/g, '')
    .replace(/^ *\* ?/gm, '')
    .replace(/@(since|category|internal)\b.*/g, '')
    .replace(/@example[\s\S]*/, '')
    .trim()
    .replace(/\n(?![\n-])/g, ' ')
    .replace(/ {2,}/g, ' ')
}

const tagOf = (members: ts.NodeArray<ts.TypeElement>): string | undefined => {
  for (const member of members)
    if (ts.isPropertySignature(member) && member.name.getText() === '_tag' && member.type !== undefined)
      return member.type.getText().replace(/'/g, '')
  return undefined
}

/** The docstring of the type with this `_tag`: an interface, or a member of a union. */
export const docOfTag = (file: string, tag: string): string => {
  const text = findIn(source(file), node => {
    if (ts.isInterfaceDeclaration(node) && tagOf(node.members) === tag) return commentOf(node)
    if (!ts.isTypeLiteralNode(node) || tagOf(node.members) !== tag) return undefined
    const bar = node.getSourceFile().text.lastIndexOf('|', node.getStart())
    // The comment of a member of a union stands before its bar.
    return /\/\*\*((?:(?!\/\*\*)[\s\S])*)\*\/\s*$/
      .exec(node.getSourceFile().text.slice(0, bar))?.[1]
      ?.replace(/\s*\*?\s+/g, ' ')
      .trim()
  })
  if (text === undefined) throw new Error(`${file} has no documented type with the tag ${tag}`)
  return text
}

/** The list in the docstring of a type alias: each name in code, and its text. */
export const listOfType = (file: string, type: string): ReadonlyMap<string, string> => {
  const text = findIn(source(file), node =>
    ts.isTypeAliasDeclaration(node) && node.name.text === type ? commentOf(node) : undefined,
  )
  const items = (text ?? '').split('\n').flatMap(line => {
    const [, names = '', meaning] = /^- ((?:`\w+`(?:, )?)+): (.*?)[;.]?$/.exec(line) ?? []
    return meaning === undefined ? [] : [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => [name, meaning] as const)
  })
  if (items.length === 0) throw new Error(`${file}: the docstring of ${type} has no list`)
  return new Map(items)
}

// --- constants

const evaluated = (node: ts.Expression): number | string | boolean | undefined => {
  if (ts.isNumericLiteral(node)) return Number(node.text)
  if (ts.isStringLiteral(node)) return node.text
  if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword)
    return node.kind === ts.SyntaxKind.TrueKeyword
  if (!ts.isBinaryExpression(node)) return undefined
  const [left, right] = [evaluated(node.left), evaluated(node.right)]
  if (typeof left !== 'number' || typeof right !== 'number') return undefined
  if (node.operatorToken.kind === ts.SyntaxKind.AsteriskToken) return left * right
  return node.operatorToken.kind === ts.SyntaxKind.AsteriskAsteriskToken ? left ** right : undefined
}

/** The value of the first constant, property, parameter or destructured option with this name. */
export const constant = (file: string, name: string): number | string | boolean => {
  const value = findIn(source(file), node => {
    const canHaveValue =
      ts.isVariableDeclaration(node) ||
      ts.isBindingElement(node) ||
      ts.isParameter(node) ||
      ts.isPropertyAssignment(node)
    return canHaveValue && node.name.getText() === name && node.initializer ? evaluated(node.initializer) : undefined
  })
  if (value === undefined) throw new Error(`${file} has no constant ${name}`)
  return value
}

/** The constant as a number. */
export const amount = (file: string, name: string): number => {
  const value = constant(file, name)
  if (typeof value !== 'number') throw new Error(`${name} in ${file} is not a number`)
  return value
}

// --- messages of errors

/** The text of a message, with `…` for what is filled in. */
const templateOf = (node: ts.Expression): string | undefined => {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text
  if (ts.isTemplateExpression(node)) return node.head.text + node.templateSpans.map(s => `…${s.literal.text}`).join('')
  // `…`.trimEnd()
  return ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)
    ? templateOf(node.expression.expression)
    : undefined
}

const tagIn = (node: ts.Node): string | undefined =>
  findIn(node, n =>
    ts.isPropertyAssignment(n) && n.name.getText() === '_tag' && ts.isStringLiteral(n.initializer)
      ? n.initializer.text
      : undefined,
  )

/** The tag of a reason: of an object, or of what a function of the same file makes. */
const tagOfReason = (node: ts.Expression): string | undefined => {
  if (!ts.isCallExpression(node)) return tagIn(node)
  const name = node.expression.getText()
  return findIn(node.getSourceFile(), n =>
    ts.isVariableDeclaration(n) && n.name.getText() === name && n.initializer ? tagIn(n.initializer) : undefined,
  )
}

/** The messages of all errors that `src` creates, by the tag of their reason. */
export const messagesByTag = (): ReadonlyMap<string, ReadonlyArray<string>> => {
  const messages = new Map<string, string[]>()
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).sort()
  for (const file of files)
    if (file.endsWith('.ts') && !file.startsWith('cli'))
      allIn(source(`src/${file}`), node => {
        if (!ts.isCallExpression(node) || node.expression.getText() !== 'sequencedError') return
        const [text, reason] = node.arguments
        const message = text && templateOf(text)
        const tag = reason && tagOfReason(reason)
        if (message === undefined || tag === undefined) return
        messages.set(tag, [...(messages.get(tag) ?? []), message.replace(/(?: …)+$/, ' …')])
      })
  return messages
}
