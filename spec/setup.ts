import fc from 'fast-check'

// A fixed seed keeps a red run red; FC_SEED and FC_RUNS explore others, and more.
fc.configureGlobal({ seed: Number(process.env['FC_SEED'] ?? 20261122), numRuns: Number(process.env['FC_RUNS'] ?? 100) })
