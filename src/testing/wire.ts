/** What a fake connection and the fake server say to each other: the operations of the NATS protocol that they use. */

export interface Publication {
  readonly _tag: 'Pub'
  readonly subject: string
  /** `''` if there is none. */
  readonly reply: string
  /** The encoded header block; `undefined` if there is none. */
  readonly block: Uint8Array | undefined
  /** The buffer of the application, which can change until the server reads it. */
  readonly data: Uint8Array
}

/** From a connection to the server. */
export type Command =
  | Publication
  | { readonly _tag: 'Sub'; readonly sid: number; readonly subject: string; readonly queue: string | undefined }
  /** `max`: the count of messages after which the subscription ends; `undefined`: at once. */
  | { readonly _tag: 'Unsub'; readonly sid: number; readonly max: number | undefined }
  | { readonly _tag: 'Ping' }

export interface MsgFrame {
  readonly _tag: 'Msg'
  readonly sid: number
  readonly subject: string
  readonly reply: string
  readonly block: Uint8Array | undefined
  readonly data: Uint8Array
}

/** From the server to a connection. */
export type Frame = MsgFrame | { readonly _tag: 'Pong' }

/** The server's side of a connection, as the connection sees it. */
export interface Session {
  readonly send: (command: Command) => void
  readonly close: () => void
}

/** The connection, as the server sees it. */
export interface WireClient {
  readonly name: string
  readonly noEcho: boolean
  readonly onFrame: (frame: Frame) => void
  /** The server has cut the connection. */
  readonly onDisconnected: () => void
  /** The server accepts connections again. */
  readonly onHealed: () => void
}

/** Connects to the server; `undefined` if it refuses the connection. */
export type Dial = (client: WireClient) => Session | undefined
