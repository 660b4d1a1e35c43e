// What happens to the messages of scenario.mjs on their way to its receiver.
import type { Delivery } from '../server/deliveries.ts'

/** The link loses each of these once. */
const lost: ReadonlyArray<string> = [
  ...['recovery.3', 'recovery.4', 'recovery.10'],
  ...['bytes.2', 'loss.2', 'dropin.3', 'dropin.10', 'warning.2'],
]

/** The receiver loses its connection after this message. */
const lastBeforeCut = 'reconnect.3'

/** Whether the link loses a delivery. `cut` destroys its connections. */
export const losses = (cut: () => void): ((delivery: Delivery) => boolean) => {
  const left = new Set(lost)
  return ({ subject }) => {
    // This delivery is forwarded first.
    if (subject === lastBeforeCut) setImmediate(cut)
    return left.delete(subject)
  }
}
