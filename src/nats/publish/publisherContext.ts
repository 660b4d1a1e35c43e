/** What all origins of one publisher share. */
import type { Prefix } from '../../core/protocol/ControlSubject.ts'
import type { Connection } from '../client/Connection.ts'
import type { Sign } from '../client/signature.ts'
import type { NumbersLease } from '../durable/reserveNumbers.ts'
import type { HeadServer } from './headServer.ts'
import type { HeartbeatTimer } from './heartbeatTimer.ts'
import type { SendLog } from './sendLog.ts'
import type { SenderNotice } from './types.ts'

export interface PublisherContext {
  readonly nc: Connection
  readonly prefix: Prefix
  readonly sendLog: SendLog
  readonly heartbeatTimer: HeartbeatTimer
  readonly headServer: HeadServer
  /** The reserved numbers of its origins, if the option `from` is set to them. */
  readonly numbers: NumbersLease | undefined
  /** Signs each message, if the option `sign` is set. */
  readonly sign: Sign | undefined
  readonly report: (notice: SenderNotice) => void
}
