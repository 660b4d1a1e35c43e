/**
 * Kills 200 senders with each kind of store, and prints what was seen:
 *
 *     npm run kill-senders -- [kills] [file|kv]
 */
import { killSenders } from './senderKills.ts'

const [kills = '200', only] = process.argv.slice(2)
for (const kind of ['file', 'kv'] as const) {
  if (only !== undefined && only !== kind) continue
  const { usedTwice, lost, ...figures } = await killSenders(kind, Number(kills))
  console.log(`${kind}: ${JSON.stringify({ ...figures, usedTwice: usedTwice.length, lost: lost.length })}`)
  for (const line of [...usedTwice, ...lost].slice(0, 20)) console.log(`  ${line}`)
  if (usedTwice.length > 0 || lost.length > 0 || figures.wentBack > 0) process.exitCode = 1
}
