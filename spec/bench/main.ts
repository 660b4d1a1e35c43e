// Compares ways to send numbered messages and to check the numbers: `npm run bench`. The contenders take turns.
import { parseArgs } from 'node:util'
import { startNatsServer } from '../server/natsServer.ts'
import { contenders, kinds, type Style } from './contenders.ts'
import { type Load, type Result, run } from './throughput.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    client: { type: 'string', default: '' },
    bytes: { type: 'string', default: '128' },
    origins: { type: 'string', default: '1' },
    style: { type: 'string', default: 'callback' },
    messages: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '5' },
  },
})

const median = (numbers: ReadonlyArray<number>): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0

const only = values.only.split(',')
const chosen = contenders.filter(c => c.name === 'hand-written' || only.some(o => c.name.includes(o)))
const style: Style = values.style === 'iterator' ? 'iterator' : 'callback'
const server = await startNatsServer({ jetstream: true })
for (const kind of kinds.filter(k => k.name.endsWith(values.client))) {
  const load: Load = {
    kind,
    style,
    messages: Number(values.messages),
    bytes: Number(values.bytes),
    origins: Number(values.origins),
  }
  const results = new Map<string, Array<Result>>()
  for (let round = 0; round < Number(values.rounds); round++)
    for (const c of chosen) {
      const slow = c.name.startsWith('JetStream')
      const r = await run(c, server, slow ? { ...load, messages: load.messages / 10 } : load)
      results.set(c.name, [...(results.get(c.name) ?? []), r])
    }
  const of = (name: string, f: (r: Result) => number): number => median((results.get(name) ?? []).map(f))
  console.log(`${kind.name}, ${load.bytes} B, ${load.origins} origins, ${style}`)
  for (const c of chosen) {
    const [rate, cpu, scpu] = [of(c.name, r => r.rate), of(c.name, r => r.clientCpu), of(c.name, r => r.serverCpu)]
    console.log(
      `  ${c.name.padEnd(36)} ${Math.round(rate).toString().padStart(8)}/s ${(rate / of('hand-written', r => r.rate)).toFixed(2)}  client ${cpu.toFixed(2)} us ${(cpu / of('hand-written', r => r.clientCpu)).toFixed(2)}  server ${scpu.toFixed(2)} us ${(scpu / of('hand-written', r => r.serverCpu)).toFixed(2)}`,
    )
  }
}
await server.stop()
// A consumer of JetStream keeps the process alive.
process.exit()
