import { useContext } from 'react'
import { RouterContext } from '../client/context.ts'
import type { Router } from '../client/types.ts'

/** The router, or null where there is none: for components that also run elsewhere. */
export function useRouter(): Router | null {
  return useContext(RouterContext) ?? null
}
