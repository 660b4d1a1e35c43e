import { findNatsServer } from './findNatsServer.ts'

/** jest's globalSetup: one search (and at most one download) before the workers start, which inherit the answer. */
export default async (): Promise<void> => {
  process.env['NATS_SERVER'] = await findNatsServer(line => process.stderr.write(`${line}\n`))
}
