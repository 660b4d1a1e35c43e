// Opens a page in Chromium without a driver: the page sends its result to the server that it came from.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { describe } from '@jest/globals'
import { longestWait } from '../server/longestWait.ts'
import { within } from '../server/within.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The path of Chromium: the environment variable `CHROMIUM`, or the first one in `PATH`. */
const findChromium = (): string | undefined => {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(folder => folder !== '')
  const found = process.env['CHROMIUM'] ?? names.flatMap(name => folders.map(at => join(at, name))).find(isExecutable)
  return found === '' ? undefined : found
}

const flags = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage'],
]

const types: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript', css: 'text/css' }

// A jest worker runs no `exit` hooks, and no process does after SIGKILL. A shell that waits for the end of its input
// notices every kind of end.
const guardScript = 'read -r _; kill -9 "-$0"; rm -rf "$1"'

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  return body
}

/**
 * Opens `/index.html` of these files, and resolves to the text that the page posts to `/result`.
 *
 * @param files the content of each file, by its path, such as `/index.html`
 */
const resultOf = async (chromium: string, files: Readonly<Record<string, string>>): Promise<string> => {
  let settle: (result: string) => void = () => {}
  const result = new Promise<string>(resolve => {
    settle = resolve
  })
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const content = files[path]
    if (request.method === 'POST' && path === '/result') bodyOf(request).then(settle, settle)
    if (content === undefined) response.statusCode = 404
    else response.setHeader('content-type', `${types[path.replace(/.*\./, '')] ?? 'text/plain'}; charset=utf-8`)
    response.end(content)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'))
  // A group of its own, so that the processes that it starts end with it.
  const child = spawn(chromium, [...flags, `--user-data-dir=${profile}`, `http://127.0.0.1:${port}/index.html`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  const guard = spawn('/bin/sh', ['-c', guardScript, `${child.pid}`, profile], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  let said = ''
  child.stderr.on('data', chunk => {
    said += String(chunk)
  })
  const ended = once(child, 'close')
  const failed = ended.then(() => Promise.reject(new Error(`${chromium} has ended:\n${said}`)))
  try {
    return await within('a result of the page', Promise.race([result, failed]), 3 * longestWait)
  } finally {
    const guarded = once(guard, 'close')
    guard.stdin.end()
    await Promise.all([guarded, failed.catch(() => {})])
    server.closeAllConnections()
    server.close()
    // Processes that were ending may have written to it after the guard.
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Tests that need a browser. They are skipped without one. `open` opens a page and resolves to its result. */
export const inBrowser = (
  name: string,
  tests: (open: (files: Readonly<Record<string, string>>) => Promise<string>) => void,
): void => {
  const chromium = findChromium()
  if (chromium === undefined)
    console.warn('Skipped: no Chromium. Install it, or set CHROMIUM to its path, to run the tests in a browser.')
  const block = chromium === undefined ? describe.skip : describe
  block(name, () => tests(files => resultOf(chromium ?? '', files)))
}
