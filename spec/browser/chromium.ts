// Opens a page in Chromium without a driver: the page sends its result to the server that it came from.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
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
export const findChromium = (): string | undefined => {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(folder => folder !== '')
  return process.env['CHROMIUM'] ?? names.flatMap(name => folders.map(at => join(at, name))).find(isExecutable)
}

const flags = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage'],
]

const types: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript', css: 'text/css' }

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
export const resultOf = async (chromium: string, files: Readonly<Record<string, string>>): Promise<string> => {
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
  let said = ''
  child.stderr.on('data', chunk => {
    said += String(chunk)
  })
  const ended = once(child, 'close')
  const failed = ended.then(() => Promise.reject(new Error(`${chromium} has ended:\n${said}`)))
  try {
    return await within('a result of the page', Promise.race([result, failed]), 3 * longestWait)
  } finally {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
    await failed.catch(() => {})
    server.closeAllConnections()
    server.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}
