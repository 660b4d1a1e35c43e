// npm run -s frameworks                            Moleculer and NestJS over lossy links, plain and sequenced
// npm run -s frameworks -- --release current --only NestJS     some of it
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { startNatsServer } from '../server/natsServer.ts'
import { type Counts, pack, prepare, type Release, releases, runProgram } from './releases.ts'
import { startTrialLink, type Trial, trials } from './trials.ts'

const { values } = parseArgs({ options: { release: { type: 'string' }, only: { type: 'string' } } })
const npm = process.env['npm_execpath']
if (npm === undefined) throw new Error('Run this as `npm run -s frameworks`.')

const chosenReleases = releases.filter(({ name }) => name === (values.release ?? name))
const chosenTrials = trials.filter(({ framework }) => framework === (values.only ?? framework))
if (chosenReleases.length === 0 || chosenTrials.length === 0)
  throw new Error('Nothing to try. --release is previous or current, --only is Moleculer or NestJS.')

// Each run has its own server, because nodes of the same name must not meet.
const runTrial = async (folder: string, trial: Trial, isSequenced: boolean): Promise<Counts> => {
  const server = await startNatsServer()
  const link = await startTrialLink(server.port, trial)
  const { framework, scenario } = trial
  try {
    return await runProgram(folder, framework.toLowerCase(), { url: link.url, isSequenced, scenario })
  } finally {
    await link.close()
    await server.stop()
  }
}

const dropped = ({ percent, of }: Trial): string => `${percent}%${of === 'all' ? ' of all' : ''}`

interface Outcome {
  readonly release: Release
  readonly trial: Trial
  readonly plain: Counts
  readonly sequenced: Counts
}

const outcomes: Array<Outcome> = []
const tarball = await pack(npm)
for (const release of chosenReleases) {
  const folder = await prepare(npm, tarball, release)
  for (const trial of chosenTrials) {
    const both = [runTrial(folder, trial, false), runTrial(folder, trial, true)] as const
    const [plain, sequenced] = await Promise.all(both)
    outcomes.push({ release, trial, plain, sequenced })
    const name = `${trial.framework} ${release.versions[trial.framework]}, ${trial.what}, ${dropped(trial)} dropped`
    console.error(`${name}: ${plain.arrived} plain, ${sequenced.arrived} sequenced, of ${sequenced.sent}`)
  }
}

const head = ['framework', 'trial', 'dropped', 'sent', 'arrived plain', 'arrived sequenced']
const table = new Table({
  head,
  style: { head: [], border: [], compact: true },
  colAligns: ['left', 'left', 'right', 'right', 'right', 'right'],
})
for (const { release, trial, plain, sequenced } of outcomes)
  table.push([
    `${trial.framework} ${release.versions[trial.framework]}`,
    trial.what,
    dropped(trial),
    sequenced.sent,
    plain.arrived,
    sequenced.arrived,
  ])
console.log(table.toString())

// If the plain framework misses nothing, the link has dropped nothing, and the trial proves nothing.
const failed = outcomes.filter(
  ({ plain, sequenced }) => sequenced.arrived !== sequenced.sent || plain.arrived >= plain.sent,
)
for (const { trial } of failed) console.error(`Failed: ${trial.framework}, ${trial.what}, ${dropped(trial)} dropped.`)
if (failed.length > 0) process.exitCode = 1
