/** The options that say how subjects are numbered. Sender and receiver must use the same. */
import { Option } from '@commander-js/extra-typings'

const addressings = ['single', 'perSender'] as const

export const addressingOption = () =>
  new Option('--addressing <form>', 'single: updates.<n>; perSender: updates.<sender>.<epoch>.<n>')
    .choices(addressings)
    .default('single' as const)

export const prefixOption = () =>
  new Option('--prefix <subject>', 'first tokens of heartbeats and requests (default: _SEQ)')
