/** An error that ends the command with a message for the user, and without a stack. */
import { ExitCode } from './ExitCode.ts'

/** An error with its exit code. The message states the cause first, then the remedy. */
export class CliError extends Error {
  readonly code: ExitCode

  constructor(code: ExitCode, message: string) {
    super(message)
    this.code = code
  }
}

/** The command line is not valid. */
export const usageError = (message: string): CliError => new CliError(ExitCode.usage, message)

/** The server can't be reached, or refuses. */
export const serverError = (message: string): CliError => new CliError(ExitCode.server, message)

/** The message of anything that was thrown. */
export const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
