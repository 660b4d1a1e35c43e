/** The way from the server to one connection, with the faults that are set. */
import { copyPayload } from './copyPayload.ts'
import { ReceivedHeaders } from './FakeHeaders.ts'
import type { Faults } from './faults.ts'
import type { MsgFrame } from './wire.ts'

/** How long a reordered message waits for one that overtakes it, in ms. */
const reorderFor = 10

/**
 * @param to the name of the connection
 * @param send sends a frame to the connection. It ignores frames after the connection's end
 */
export const deliverWithFaults = (
  faults: Faults,
  to: string,
  send: (frame: MsgFrame) => void,
): ((frame: MsgFrame) => void) => {
  const held = new Set<MsgFrame>()
  const release = (frame: MsgFrame): void => {
    if (held.delete(frame)) send(frame)
  }
  const pass = (frame: MsgFrame): void => {
    send(frame)
    for (const overtaken of held) release(overtaken)
  }
  return frame => {
    if (faults.isNone()) return pass(frame)
    const { subject, reply, data, block } = frame
    const headers = block === undefined ? undefined : new ReceivedHeaders(block)
    const fate = faults.fateOf({ subject, reply, data, headers, to }) ?? { _tag: 'Pass' }
    switch (fate._tag) {
      case 'Pass':
        return pass(frame)
      case 'Drop':
        return
      case 'Duplicate':
        pass(frame)
        return pass({ ...frame, data: copyPayload(data) })
      case 'Delay':
        setTimeout(pass, fate.ms, frame)
        return
      case 'Reorder':
        held.add(frame)
        setTimeout(release, reorderFor, frame)
        return
    }
  }
}
