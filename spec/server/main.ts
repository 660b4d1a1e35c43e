// `npm run server`: a nats-server for trying things, on 127.0.0.1, with JetStream, until Ctrl-C. It is downloaded if there is
// none.
import { findNatsServer } from './findNatsServer.ts'
import { startNatsServer } from './natsServer.ts'

await findNatsServer(line => process.stderr.write(`${line}\n`))
const { url, stop } = await startNatsServer({ port: Number(process.env['PORT'] ?? 4222), jetstream: true })
// The server does not keep this process alive.
const alive = setInterval(() => undefined, 2 ** 30)
console.log(`nats-server listens at ${url}. Ctrl-C ends it, and removes what it has stored.`)
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    clearInterval(alive)
    void stop()
  })
