import { parseArgs } from 'node:util'

/** What every question takes on its command line. */
export interface Options {
  /** Checks in seconds that the question can be answered; its figures mean nothing. */
  readonly isSmoke: boolean
  readonly rounds: number
  /** Length of one measurement. */
  readonly seconds: number
  /** Servers to measure, by name; all when empty. */
  readonly only: readonly string[]
  /** Also what takes many minutes and gigabytes of disk. */
  readonly isLarge: boolean
}

const HELP = `
  --smoke         check in seconds that it works; writes no results
  --rounds <n>    rounds of fresh processes
  --seconds <n>   length of one measurement
  --only <names>  servers to measure, with commas: raw,isr
  --large         scale: a million files in the run-time cache too
`

/** @param defaults of a full run. @throws Error for a flag that does not exist or a number that is none. */
export function readOptions(defaults: { rounds: number; seconds: number }): Options {
  const { values } = parseArgs({
    options: {
      smoke: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string', default: '' },
      large: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
    process.exit(0)
  }
  return {
    isSmoke: values.smoke,
    rounds: toNumber('--rounds', values.rounds, values.smoke ? 1 : defaults.rounds),
    seconds: toNumber('--seconds', values.seconds, values.smoke ? 1 : defaults.seconds),
    only: values.only.split(',').filter((name) => name !== ''),
    isLarge: values.large,
  }
}

function toNumber(flag: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  throw new Error(`${flag} ${text}: give a whole number above 0.${HELP}`)
}
