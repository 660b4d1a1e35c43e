import { command } from './command.ts'
import type { Io } from './Io.ts'
export const doctorCommand = (_: Io) => command('doctor', 'x', 'x')
