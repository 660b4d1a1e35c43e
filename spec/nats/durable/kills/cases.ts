// The cases of the kill tests, by name.
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileStore } from '../../../../src/file.ts'
import { kvStore } from '../../../../src/index.ts'
import { startNatsServer } from '../../../server/natsServer.ts'
import { bucketKinds } from '../buckets.ts'
import { killCounters } from './killCounters.ts'
import { killReceivers } from './killReceivers.ts'
import { killSenders } from './killSenders.ts'
import type { Place } from './orders.ts'
import { buildProgram } from './processes.ts'

export interface Scene {
  readonly program: string
  readonly url: string
  /** An empty folder. */
  readonly folder: string
}

/** Runs a case with a server and a folder of its own below `root`. */
export const withScene = async <A>(root: string, run: (scene: Scene) => Promise<A>): Promise<A> => {
  const folder = await mkdtemp(join(root, 'scene-'))
  const server = await startNatsServer({ jetstream: true })
  try {
    return await run({ program: await buildProgram(folder), url: server.url, folder })
  } finally {
    await server.stop()
  }
}

/** A case, with the number of kills. */
type Case = (kills: number) => (scene: Scene) => Promise<unknown>

const storeFolder = ({ folder }: Scene): string => join(folder, 'store')

const inFiles = (scene: Scene) => (): Place => ({ _tag: 'File', folder: storeFolder(scene) })

/** A process opens the bucket with the other client than the one before. */
const inBucket = (client: number): Place => ({ _tag: 'Bucket', name: 'store', client })

const receiversInFile: Case = kills => scene => killReceivers(kills, { ...scene, place: inFiles(scene) })

export const receiversInBucket: Case = kills => scene => killReceivers(kills, { ...scene, place: inBucket })

export const sendersInFile: Case = kills => scene => killSenders(kills, { ...scene, place: inFiles(scene) })

export const sendersInBucket: Case = kills => scene => killSenders(kills, { ...scene, place: inBucket })

export const countersInFile: Case = kills => scene =>
  killCounters(kills, { ...scene, place: inFiles(scene), store: fileStore(storeFolder(scene)) })

const countersInBucket: Case = kills => async scene => {
  const [kind] = bucketKinds
  if (kind === undefined) throw new Error('no client')
  const { bucket, close } = await kind.open(scene.url, 'store')
  try {
    return await killCounters(kills, { ...scene, place: inBucket, store: kvStore(bucket) })
  } finally {
    await close()
  }
}

/** All cases, by name. */
export const cases: Readonly<Record<string, Case>> = {
  'receivers-file': receiversInFile,
  'receivers-bucket': receiversInBucket,
  'senders-file': sendersInFile,
  'senders-bucket': sendersInBucket,
  'counters-file': countersInFile,
  'counters-bucket': countersInBucket,
}
