// Bundles the page of docs/playground into one script, with the core, so that a static file server is enough. The
// script is committed, and spec/browser/playground.spec.ts compares it with what this file makes.
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { notices } from './bundleCli.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Writes playground.js and THIRD-PARTY-NOTICES.txt into a folder. */
const bundlePlayground = async folder => {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['docs/playground/main.ts'],
    outfile: join(folder, 'playground.js'),
    bundle: true,
    minify: true,
    platform: 'browser',
    // Not a module: it also works without a server, from a file.
    format: 'iife',
    target: 'es2022',
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
    // The ES modules of fp-ts: the bundle then has only what is used.
    alias: { 'fp-ts/lib': 'fp-ts/es6' },
    banner: { js: '// Made by `npm run playground`. Licences: THIRD-PARTY-NOTICES.txt' },
  })
  await writeFile(join(folder, 'THIRD-PARTY-NOTICES.txt'), await notices('playground.js', Object.keys(metafile.inputs)))
}

// The tests run this file with a folder of their own.
await bundlePlayground(resolve(process.argv[2] ?? join(root, 'docs', 'playground')))
