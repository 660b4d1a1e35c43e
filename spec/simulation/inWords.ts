// A delivery as one line of text.
import type { Delivery } from '../../src/core/receiver/Delivery.ts'

export const inWords = (d: Delivery<Uint8Array>): string => {
  switch (d._tag) {
    case 'Message':
      return `${d.origin}.${d.number} ${d.verdict}`
    case 'Gap':
      return `Gap ${d.origin} ${d.first}-${d.last} ${d.noticedBy}`
    case 'Lost':
      return `Lost ${d.origin} ${d.first}-${d.last ?? ''} ${d.reason}`
    case 'Restarted':
      return `Restarted ${d.origin} ${d.from ?? '?'} after ${d.after}, ${d.to ?? '?'} from ${d.start}`
    case 'Conflict':
      return `Conflict ${d.origin} ${d.epoch ?? '?'} ${d.rival}`
    case 'Silent':
      return `Silent ${d.origin} ${d.promised ?? 'mute'}`
    case 'Resumed':
      return `Resumed ${d.origin}`
    case 'Ended':
      return `Ended ${d.origin} ${d.last}`
    case 'Unsequenced':
      return `Unsequenced ${d.subject} ${d.reason}`
    case 'Overflowed':
      return `Overflowed ${d.count}, ${d.origins} origins`
    case 'Mismatch':
      return `Mismatch ${d.origin} ${d.expected}`
    case 'Unverified':
      return `Unverified ${d.subject} ${d.count}`
    case 'StreamSilent':
      return `StreamSilent ${d.streams}`
    case 'NotPermitted':
      return `NotPermitted ${d.operation} ${d.rule}`
  }
}
