import type { CityDot } from '../server/cities.server.ts'
import type { CountryOutline } from '../server/countries.server.ts'
import { formatNumber } from './format.ts'

/** Room around the outline, in its units: for labels and half a stroke. */
const margin = 60

/** A country's outline with cities on it and a scale. */
export function OutlineMap({
  name,
  outline,
  dots,
}: {
  name: string
  outline: CountryOutline
  dots: readonly CityDot[]
}) {
  const { path, width, height, kmPerUnit } = outline
  const bar = toRoundLength(width * kmPerUnit * 0.3)
  return (
    <figure className="outline">
      <svg
        viewBox={`${-margin} ${-margin} ${width + 2 * margin} ${height + 2 * margin}`}
        width={width + 2 * margin}
        height={height + 2 * margin}
        role="img"
        aria-label={`Outline of ${name}${dots.length > 0 ? ` with ${dots.map((dot) => dot.name).join(', ')}` : ''}`}
      >
        <path className="land" d={path} />
        {dots.map(({ slug, x, y, capital }) => (
          <circle key={slug} className={capital ? 'capital' : 'city'} cx={x} cy={y} r={capital ? 13 : 9} />
        ))}
        {toLabels(dots, width).map(({ slug, name: label, x, y, anchor, capital }) => (
          <text key={slug} className={capital ? 'capital' : undefined} x={x} y={y} textAnchor={anchor}>
            {label}
          </text>
        ))}
      </svg>
      <figcaption>
        <span className="scale" style={{ inlineSize: `${(100 * bar) / kmPerUnit / (width + 2 * margin)}%` }} />
        {formatLength(bar)}
      </figcaption>
    </figure>
  )
}

/** Labels beside their dots, on the side that has room; one that would cover a dot or an earlier label is left out. */
function toLabels(dots: readonly CityDot[], width: number) {
  const lineHeight = 34
  const letter = 19
  const boxes = dots.map(({ x, y }) => ({ left: x - 12, right: x + 12, y }))
  return dots.flatMap((dot) => {
    const length = dot.name.length * letter
    const sides = [
      { anchor: 'start', x: dot.x + 20, left: dot.x + 20 },
      { anchor: 'end', x: dot.x - 20, left: dot.x - 20 - length },
    ] as const
    const free = sides.find(({ left }) => {
      if (left < -margin || left + length > width + margin) return false
      return !boxes.some((box) => Math.abs(box.y - dot.y) < lineHeight && left < box.right && box.left < left + length)
    })
    if (!free) return []
    boxes.push({ left: free.left, right: free.left + length, y: dot.y })
    return [{ ...dot, x: free.x, y: dot.y + 13, anchor: free.anchor }]
  })
}

/** The largest of 1, 2, 5, 10, 20, … that is not longer. */
export function toRoundLength(length: number): number {
  const power = 10 ** Math.floor(Math.log10(length))
  return ([5, 2, 1].find((digit) => digit * power <= length) ?? 1) * power
}

/** Kilometres, or metres below one. */
export function formatLength(kilometres: number): string {
  return kilometres < 1 ? `${Math.round(kilometres * 1000)} m` : `${formatNumber(kilometres)} km`
}
