/**
 * Checks the streams of a replayer when a receiver starts: a wrong name would otherwise show as lost messages, seconds
 * after the first loss.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as Json from 'fp-ts/lib/Json.js'
import * as t from 'io-ts'
import type { Msg } from '../client/Connection.ts'
import { readHeaders } from '../client/headers.ts'
import { NO_RESPONDERS, NOT_FOUND } from '../client/statusCodes.ts'
import { streamUnavailable } from '../client/streamApi.ts'
import type { StreamRequests } from '../client/streamRequests.ts'
import type { SequencedError, StreamUnavailable } from '../errors.ts'
import type { Source, StreamSource } from './Replayer.ts'

const Info = t.union([
  t.type({ error: t.type({ code: t.number }) }),
  t.type({ config: t.intersection([t.type({}), t.partial({ allow_direct: t.boolean })]) }),
])

const decoder = new TextDecoder()

/** What a stream says of itself. */
export const parseInfo = (msg: Msg) => E.chainW(Info.decode)(Json.parse(decoder.decode(msg.data)))

type Why = StreamUnavailable['why']

const isRefused = (msg: Msg): boolean => readHeaders(msg)?.code === NO_RESPONDERS

/** What the stream says of itself. Users may lack the permission to ask: then a direct get shows that it answers. */
const whyNot = async (source: StreamSource, { send }: Pick<StreamRequests, 'send'>): Promise<Why | undefined> => {
  const { api, stream } = source
  const info = await send(`${api}.STREAM.INFO.${stream}`, {}).catch(() => undefined)
  const parsed = info && parseInfo(info)
  if (parsed !== undefined && E.isRight(parsed)) {
    if ('error' in parsed.right) return parsed.right.error.code === NOT_FOUND ? 'NotFound' : 'NoAnswer'
    return parsed.right.config.allow_direct === true ? undefined : 'NoDirectAccess'
  }
  if (info !== undefined && isRefused(info)) return 'NoAnswer'
  const direct = await send(`${api}.DIRECT.GET.${stream}`, { seq: 1 }).catch(() => undefined)
  return direct === undefined || isRefused(direct) ? 'NoAnswer' : undefined
}

/** Resolves to the error of the first stream that can't be used, if any. */
export const checkStreams = async (
  sources: ReadonlyArray<Source>,
  requests: Pick<StreamRequests, 'send'>,
): Promise<SequencedError<StreamUnavailable> | undefined> => {
  for (const source of sources) {
    const why = source._tag === 'JetStream' ? await whyNot(source, requests) : undefined
    if (source._tag === 'JetStream' && why !== undefined)
      return streamUnavailable(source, why, 'DIRECT.GET and STREAM.INFO')
  }
  return undefined
}
