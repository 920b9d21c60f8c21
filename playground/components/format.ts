const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

// By hand, as server and browser may know different locale data, and both must write the same.

/** `1234567` as `1,234,567`. */
export function formatNumber(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** Square kilometres; small places get a decimal. */
export function formatArea(area: number | null): string {
  if (area === null) return 'not known'
  return `${area < 10 ? String(area) : formatNumber(area)} km²`
}

/** `2026-01-31` as `31 January 2026`. */
export function formatDay(day: string): string {
  const [year, month, date] = day.slice(0, 10).split('-')
  return `${Number(date)} ${months[Number(month) - 1]} ${year}`
}

/** An ISO time as `2026-01-31 12:34:56 UTC`. */
export function formatTime(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`
}

/** Degrees as `48.21° N, 16.37° E`. */
export function formatPlace(latitude: number, longitude: number): string {
  const toDegrees = (value: number) => `${Math.abs(value).toFixed(2)}°`
  return `${toDegrees(latitude)} ${latitude < 0 ? 'S' : 'N'}, ${toDegrees(longitude)} ${longitude < 0 ? 'W' : 'E'}`
}
