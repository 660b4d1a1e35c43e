/** The version of the server, as it says itself. */

/** Whether a version is at least `major.minor`. An unreadable version is none. */
export const isAtLeast =
  (major: number, minor: number) =>
  (version: string | undefined): boolean => {
    const [, first, second] = /^(\d+)\.(\d+)/.exec(version ?? '') ?? []
    return first !== undefined && (Number(first) > major || (Number(first) === major && Number(second) >= minor))
  }

/** Since 2.11 a server traces messages (ADR-41). */
export const tracesMessages: (version: string | undefined) => boolean = isAtLeast(2, 11)
