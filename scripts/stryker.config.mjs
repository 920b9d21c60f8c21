// Mutation testing of the deciding core and the entry format: `npm run mutation`, or `npm run mutation -- --mutate <files>`.
// Each small change of the code should make a unit test fail.

export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'scripts/stryker.vitest.config.ts' },
  mutate: [
    'runtime/isr/{freshness,backoff,floors,queue,flight,waiters,fleet,engine,generation,result,props}.ts',
    'runtime/cache/{codec,pack-format,pack-order,layers,pending,breaker,guarded-store,memory,disk-index,body,completion,leisure,rows,recent}.ts',
    'runtime/routing/{key,match,path,pattern,data-path,destination,trailing-slash}.ts',
    'runtime/http/{request-url,cache-control,cache-status,conditional,encoding,heads,crowd}.ts',
  ],
  // The texts of messages are for people; what they must contain is tested where it matters.
  mutator: { excludedMutations: ['StringLiteral'] },
  // Rewriting it needs the compiler's old interface, and Vitest reads none of it.
  ignorePatterns: ['tsconfig*.json', 'dist', 'e2e', 'playground', 'docs', 'test-results'],
  coverageAnalysis: 'perTest',
  ignoreStatic: true,
  concurrency: 2,
  timeoutMS: 10_000,
  reporters: ['clear-text', 'progress-append-only', 'html', 'json'],
  clearTextReporter: { allowColor: false, reportTests: false },
  htmlReporter: { fileName: 'test-results/mutation.html' },
  jsonReporter: { fileName: 'test-results/mutation.json' },
  tempDirName: 'test-results/stryker',
  thresholds: { high: 95, low: 90, break: 90 },
}
