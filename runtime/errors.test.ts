import { expect, it } from 'vitest'
import { createExpectedError, isIsrError } from './errors.ts'

it('an error for what is expected has no stack, and those after it have theirs', () => {
  const error = createExpectedError('ISR_STORE', 'too much waits', { path: '/a' })
  expect(isIsrError(error, 'ISR_STORE') && error.path).toBe('/a')
  expect(error.stack).not.toContain('\n    at ')
  expect(new Error('unexpected').stack).toContain('\n    at ')
})
