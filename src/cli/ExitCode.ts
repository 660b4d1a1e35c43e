/** What the exit codes of the command mean. `docs/guides/command-line.md` lists them. */
export const ExitCode = {
  /** The command has done its work, and nothing was lost. */
  done: 0,
  /** Messages were lost, missing or not confirmed, or a check failed. */
  loss: 1,
  /** The command line is not valid. */
  usage: 2,
  /** The server can't be reached, or it refused the command. */
  server: 3,
} as const

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]
