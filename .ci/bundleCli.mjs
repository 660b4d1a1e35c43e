// Bundles the command line tool into one file, with its client and everything else that it imports, so that `npx` needs
// nothing beside this package. The licences of what is bundled go into a file beside it.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

// The client is CommonJS, and requires modules of node.
const banner = `#!/usr/bin/env node
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);`

const readJson = async path => JSON.parse(await readFile(path, 'utf8'))

/** The folder of the package that a bundled file belongs to; undefined for our own files. */
const packageOf = input => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]

const noticeOf = async folder => {
  const { name, version, license } = await readJson(join(root, folder, 'package.json'))
  const file = (await readdir(join(root, folder))).find(entry => /^(licen[cs]e|copying)/i.test(entry))
  if (file === undefined) throw new Error(`${name} has no file with its licence: don't bundle it.`)
  const text = await readFile(join(root, folder, file), 'utf8')
  return { title: `${name} ${version} (${license})`, text: text.trim() }
}

/** The licences of the packages in a bundle, as a text for the file beside it. */
export const notices = async (bundle, inputs) => {
  const folders = [...new Set(inputs.map(packageOf).filter(folder => folder !== undefined))]
  const all = await Promise.all(folders.map(noticeOf))
  const sections = new Map(all.map(({ title, text }) => [title, text]))
  const line = '-'.repeat(80)
  const texts = [...sections]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([title, text]) => `${line}\n${title}\n\n${text}\n`)
  return `The file ${bundle} contains these packages.\n\n${texts.join('\n')}`
}

/** Writes cli.mjs and THIRD-PARTY-NOTICES.txt into a folder. */
export const bundleCli = async folder => {
  const { version } = await readJson(join(root, 'package.json'))
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/cli/main.ts'],
    outfile: join(folder, 'cli.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    metafile: true,
    // Names stay, so that a stack can be read.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    banner: { js: banner },
    define: { VERSION: JSON.stringify(version) },
  })
  await writeFile(join(folder, 'THIRD-PARTY-NOTICES.txt'), await notices('cli.mjs', Object.keys(metafile.inputs)))
}

// The tests run this file with a folder of their own.
if (process.argv[1] === fileURLToPath(import.meta.url)) await bundleCli(resolve(process.argv[2] ?? join(root, 'dist')))
