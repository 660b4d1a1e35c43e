import { findNatsServer } from './findNatsServer.ts'

/** The globalSetup of jest: one search (and at most one download) before the workers start. They inherit the result. */
export default async (): Promise<void> => {
  process.env['NATS_SERVER'] = await findNatsServer(line => process.stderr.write(`${line}\n`))
}
