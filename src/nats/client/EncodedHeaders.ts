/**
 * Headers that are already encoded, and are sent as they are. Instrumentation of the client may read and change them
 * like the client's own headers. Its changes are not sent, because a message that is sent again must not differ.
 */
import { HeaderFields } from './HeaderFields.ts'

export class EncodedHeaders extends HeaderFields {
  override encode(): Uint8Array {
    return this.block
  }
}
