/** The errors of the client that a fake connection raises: name, code and message are those of `nats` 2.29. */
export type ClientErrorCode =
  | '503'
  | 'BAD API'
  | 'BAD_HEADER'
  | 'BAD_PAYLOAD'
  | 'BAD_SUBJECT'
  | 'CONNECTION_CLOSED'
  | 'CONNECTION_DRAINING'
  | 'CONNECTION_REFUSED'
  | 'DISCONNECT'
  | 'INVALID_OPTION'
  | 'MAX_PAYLOAD_EXCEEDED'
  | 'SUB_CLOSED'
  | 'TIMEOUT'

export class ClientError extends Error {
  override readonly name = 'NatsError'
  readonly code: ClientErrorCode

  /** @param message default: the code, as in the client */
  constructor(code: ClientErrorCode, message: string = code) {
    super(message)
    this.code = code
  }
}
