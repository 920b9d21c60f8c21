/** A server's program, and the name to start it under. */
export interface RedisProgram {
  readonly path: string
  readonly argv0: string
}

/** What to do when there is none. */
export const redisAdvice: string

/** One that starts: named by `REDIS_SERVER_PATH`, or on the PATH. */
export function findRedis(env?: NodeJS.ProcessEnv): RedisProgram | undefined
