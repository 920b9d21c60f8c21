/** Types under the names that they have in Next.js, so that a page moves over by a change of the import's source alone. */
import type { ComponentType } from 'react'
import type { ApiConfig, ApiHandler, ApiRequest, ApiResponse } from '../types.ts'

/** A page's component. `InitialProps` is there because Next.js has it; there is no `getInitialProps`. */
export type NextPage<Props = {}, _InitialProps = Props> = ComponentType<Props>

/** `ApiRequest` under Next's name. */
export type NextApiRequest = ApiRequest

/** `ApiResponse` under Next's name. */
// oxlint-disable-next-line typescript/no-explicit-any -- As Next.js has it.
export type NextApiResponse<Data = any> = ApiResponse<Data>

/** `ApiHandler` under Next's name. */
// oxlint-disable-next-line typescript/no-explicit-any -- As Next.js has it.
export type NextApiHandler<Data = any> = ApiHandler<Data>

/** The type of an API route's `config` under Next's name. */
export type PageConfig = ApiConfig
