export function judge(
  sizes: Record<string, number>,
  budget: Record<string, { bytes: number; growth: number }>,
): string[]
