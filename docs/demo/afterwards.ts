/** Registers a clean-up. Clean-ups run at the end in reverse order, whatever happens. */
export type Afterwards = (undo: () => Promise<unknown>) => void
