import { toFigure, type Figure } from './statistics.ts'

/** Figures of one measurement, by column. */
export type Sample = Readonly<Record<string, number>>

/**
 * Measures each subject once per round, one after the other, so that what disturbs the machine for a while disturbs all of
 * them; every other round goes backwards.
 *
 * @param measure one measurement, in fresh processes that it starts and stops.
 * @param isSmoke whether all are measured at once, since the figures mean nothing.
 * @returns by subject, then by column, the figures of all rounds.
 */
export async function measureRounds<Subject extends { readonly name: string }>(
  subjects: readonly Subject[],
  rounds: number,
  measure: (subject: Subject, round: number) => Promise<Sample>,
  isSmoke = false,
): Promise<Map<string, Record<string, Figure>>> {
  const samples = new Map<string, Sample[]>(subjects.map(({ name }) => [name, []]))

  async function add(subject: Subject, round: number): Promise<void> {
    const sample = await measure(subject, round)
    samples.get(subject.name)?.push(sample)
    console.log(`round ${round + 1} of ${rounds}: ${subject.name.padEnd(18)} ${describe(sample)}`)
  }

  for (let round = 0; round < rounds; round++) {
    if (isSmoke) await Promise.all(subjects.map((subject) => add(subject, round)))
    else for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) await add(subject, round)
  }
  return new Map([...samples].map(([name, list]) => [name, toFigures(list)]))
}

function toFigures(samples: readonly Sample[]): Record<string, Figure> {
  // What a round has no figure of, such as the time of an answer where there was none, is left out of it.
  const columns = [...new Set(samples.flatMap((sample) => Object.keys(sample)))]
  return Object.fromEntries(columns.map((key) => [key, toFigure(samples.flatMap((sample) => sample[key] ?? []))]))
}

function describe(sample: Sample): string {
  return Object.entries(sample)
    .map(([key, value]) => `${key} ${value.toPrecision(4)}`)
    .join(' · ')
}
