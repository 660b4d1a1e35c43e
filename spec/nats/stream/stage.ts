// A server with JetStream, its API in plain words, and publishes that wait for the stream's acknowledgement.
import type { NatsServerOptions } from '../../server/natsServer.ts'
import type { Bench, Client } from '../clients.ts'
import { longestWait, request, withServer } from '../clients.ts'

export interface Answer {
  readonly config?: Readonly<Record<string, unknown>>
  readonly state?: { readonly messages: number; readonly last_seq: number }
  readonly error?: { readonly err_code: number; readonly description: string }
}

export interface Stage extends Bench {
  /** Sends a request to the JetStream API. */
  readonly api: (nc: Client, verb: string, body?: object) => Promise<Answer>
  /** Creates a stream that is deleted after the test. */
  readonly create: (nc: Client, name: string, config: object) => Promise<void>
  /** Deletes a stream after the test. */
  readonly deleteLater: (nc: Client, name: string) => void
}

const parse = (data: Uint8Array) => JSON.parse(new TextDecoder().decode(data))

export const stage = (options: NatsServerOptions = { jetstream: true }): Stage => {
  const bench = withServer(options)
  const api = async (nc: Client, verb: string, body: object = {}): Promise<Answer> =>
    parse((await nc.request(`$JS.API.${verb}`, JSON.stringify(body), { timeout: longestWait })).data)
  const deleteLater = (nc: Client, name: string): void => bench.after(() => api(nc, `STREAM.DELETE.${name}`))
  return {
    ...bench,
    api,
    deleteLater,
    create: async (nc, name, config) => {
      const { error } = await api(nc, `STREAM.CREATE.${name}`, { name, storage: 'memory', ...config })
      if (error !== undefined) throw new Error(error.description)
      deleteLater(nc, name)
    },
  }
}

/** Publishes, and returns `stored` or why the stream refuses the message. */
export const store = async (nc: Client, subject: string, text: string): Promise<string> => {
  const { error }: Answer = parse((await request(nc, subject, text)).data)
  return error?.description ?? 'stored'
}

/** The text of the message that a receiver would get from the stream; `404` if there is none. */
export const stored = async (nc: Client, stream: string, subject: string): Promise<string> => {
  const msg = await request(nc, `$JS.API.DIRECT.GET.${stream}.${subject}`)
  return msg.headers?.code === 404 ? '404' : new TextDecoder().decode(msg.data)
}
