/**
 * Opens and ends many items of each kind, and prints what stays in memory:
 *
 *     npm run -s leaks 100,000 of each, with both clients; connections are fewer
 *     npm run -s leaks -- --items 20000 --only '^publisher' fewer, and only the cases whose name matches
 *
 * The exit code is 1 if the bytes in use after the last round exceed those after the first by more than 5%. `--bytes
 * 100` sets a limit of 100 bytes per item instead: 5% is not meaningful for few items.
 */
import { parseArgs } from 'node:util'
import { startNatsServer } from '../server/natsServer.ts'
import { config, kinds, onPurpose, openStage } from './cases.ts'
import { growth } from './measure.ts'

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '100000' },
    client: { type: 'string', default: '' },
    only: { type: 'string', default: '' },
    bytes: { type: 'string' },
  },
})

const only = new RegExp(values.only)

process.on('uncaughtException', cause => {
  if (cause === onPurpose) return
  console.error(cause)
  process.exit(1)
})

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(2)

const server = await startNatsServer({ config })
let hasLeaked = false
for (const kind of kinds) {
  if (!new RegExp(values.client).test(kind.name)) continue
  const stage = await openStage(kind, server)
  for (const one of stage.cases) {
    if (!only.test(one.name)) continue
    const items = Math.max(one.least ?? 50, Math.round(Number(values.items) * (one.share ?? 1)))
    const grown = await growth(one, items)
    const leaks = values.bytes === undefined ? grown.to > grown.from * 1.05 : grown.perItem > Number(values.bytes)
    hasLeaked ||= leaks
    const verdict = leaks ? 'LEAKS' : 'ok'
    console.log(
      `${verdict.padEnd(6)}${kind.name.padEnd(26)}${String(grown.items).padStart(7)}  ${megabytes(grown.from)} -> ${megabytes(grown.to)} MB, ${grown.perItem.toFixed(1)} bytes each  ${one.name}`,
    )
  }
  await stage.close()
}
await server.stop()
process.exitCode = hasLeaked ? 1 : 0
