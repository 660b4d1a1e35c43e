// Runs every check of the project. The tests wait for servers much of the time, so the other checks run beside them.
// Their output follows that of the tests.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const cwd = fileURLToPath(new URL('..', import.meta.url))
const npm = process.env.npm_execpath
if (npm === undefined) throw new Error('Run this as `npm test`.')

/** Runs a script of package.json. Resolves with its exit code and its output, which is kept unless it is inherited. */
const script = (args, stdio) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [npm, 'run', '-s', ...args], { cwd, stdio })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', data => {
        output += data
      })
    child.once('error', reject)
    child.once('close', code => resolve({ name: args[0], code, output }))
  })

const kept = ['ignore', 'pipe', 'pipe']

// `check` has the types, so `docs` need not check them again.
const others = async () => {
  const results = []
  for (const args of [['lint'], ['check'], ['docs', '--', '--emit', 'none', '--skipErrorChecking'], ['package']])
    results.push(await script(args, kept))
  return results
}

const [tests, rest] = await Promise.all([script(['jest'], 'inherit'), others()])
for (const { name, output } of rest) console.log(`\n${name}:\n${output.trim()}`)
const failed = [tests, ...rest].filter(({ code }) => code !== 0).map(({ name }) => name)
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}.`)
  process.exitCode = 1
}
