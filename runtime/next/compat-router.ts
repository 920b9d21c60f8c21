import { useContext } from 'react'
import { RouterContext } from '../client/context.ts'
import type { NextRouter } from './router-types.ts'

/** The router, or null where there is none: for components that also run elsewhere. */
export function useRouter(): NextRouter | null {
  return useContext(RouterContext) ?? null
}
