// What a rule allows for that is no fault of a receiver.

/** By how much timers are late here, or early, in ms. */
export const slack = 110
export const early = 10

/** With more room, gaps or numbers ahead than these nothing has to wait or make way in this world. */
export const ample = 10_000
