import fc from 'fast-check'

// The first counterexample kills a mutant: it need not be the smallest.
fc.configureGlobal({ seed: 20261122, numRuns: 15, endOnFailure: true })
