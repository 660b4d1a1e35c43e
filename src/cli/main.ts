/** The program `nats-sequenced`. The build bundles it into one file, with everything that it imports. */
import { Command, CommanderError } from '@commander-js/extra-typings'
import { auditCommand } from './audit.ts'
import { doctorCommand } from './doctor.ts'
import { ExitCode } from './ExitCode.ts'
import { createIo } from './Io.ts'
import { permissionsCommand } from './permissions.ts'
import { pubCommand } from './pub.ts'
import { replayCommand } from './replay.ts'
import { streamCommand } from './stream.ts'
import { subCommand } from './sub.ts'

/** The build puts the version of the package here. */
declare const VERSION: string

const examples = `
Examples:
  Terminal 1: receive, and see what is lost
    nats-sequenced sub updates
  Terminal 2: number and publish the lines of a file
    nats-sequenced pub updates < lines.txt
  Check a feed of anybody for 10 minutes; the exit code is 1 if a message was lost
    nats-sequenced audit 'updates.*' --for 10m
  Find out why messages don't arrive
    nats-sequenced doctor updates

Exit codes:
  0  done, also after Ctrl-C        2  invalid command line
  1  messages were lost, or a       3  no connection, or the server
     check failed                      refused`

const io = createIo()

const program = new Command('nats-sequenced')
  .description(
    'Numbered messages for core NATS: updates.1, updates.2 … Receivers notice every loss and request what is missing.',
  )
  .version(VERSION, '-V, --version')
  .exitOverride()
  .showHelpAfterError('Run `nats-sequenced --help` for the commands.')
  .addHelpText('after', examples)
  .addCommand(pubCommand(io))
  .addCommand(subCommand(io))
  .addCommand(auditCommand(io))
  .addCommand(replayCommand(io))
  .addCommand(doctorCommand(io))
  .addCommand(streamCommand(io))
  .addCommand(permissionsCommand(io))

try {
  await program.parseAsync()
} catch (cause) {
  if (!(cause instanceof CommanderError)) throw cause
  process.exitCode = cause.exitCode === 0 ? ExitCode.done : ExitCode.usage
}
// Standard input may still be open, and would keep the process alive.
process.stdin.destroy()
await io.out.write('')
process.exit()
