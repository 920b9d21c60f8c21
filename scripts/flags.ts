// What a run of the tests was asked for besides: `npm run faults -- --long --root`, see verdicts.mjs.

/** Whether the runs that take many minutes were asked for. */
export const isLong = process.env['ISR_TEST_LONG'] === '1'

/** Whether the tests that need the rights of root on Linux were asked for. */
export const isRoot = process.env['ISR_TEST_ROOT'] === '1'
