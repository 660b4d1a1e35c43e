// What the tarball of this package contains: its modules, their types and the command line tool, and nothing else.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** In bytes. */
const maxPacked = 600_000

const documents = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']
const tool = ['dist/cli.mjs', 'dist/THIRD-PARTY-NOTICES.txt']

const modulesOf = async root => {
  const entries = await readdir(join(root, 'src'), { recursive: true })
  return entries
    .filter(name => name.endsWith('.ts') && !name.startsWith('cli'))
    .map(name => name.slice(0, -'.ts'.length))
}

/** @param packed an entry of `npm pack --json` */
export const checkContents = async (root, { files, size }) => {
  const modules = await modulesOf(root)
  const built = ['esm', 'cjs'].flatMap(kind =>
    modules.flatMap(name => [`dist/${kind}/${name}.js`, `dist/${kind}/${name}.d.ts`]),
  )
  const expected = [...documents, ...tool, 'dist/cjs/package.json', ...built].sort()
  assert.deepEqual(files.map(({ path }) => path).sort(), expected, 'The tarball has other files than it should have.')
  assert.ok(size <= maxPacked, `The tarball has ${size} bytes, and may have ${maxPacked}.`)
  console.log(`The tarball has ${files.length} files and ${size} bytes.`)
}
