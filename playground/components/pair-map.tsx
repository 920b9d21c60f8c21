import type { CountryOutline } from '../server/countries.server.ts'
import { formatLength, toRoundLength } from './outline-map.tsx'

/** Two countries at one scale, one on top of the other. */
export function PairMap({ countries }: { countries: ReadonlyArray<{ name: string; outline: CountryOutline | null }> }) {
  const drawn = countries.flatMap(({ outline }) => (outline ? [outline] : []))
  const width = Math.max(...drawn.map((outline) => outline.width * outline.kmPerUnit))
  const height = Math.max(...drawn.map((outline) => outline.height * outline.kmPerUnit))
  if (drawn.length === 0) return null
  const size = 1000
  const scale = size / Math.max(width, height)
  const bar = toRoundLength(width * 0.3)
  const [boxWidth, boxHeight] = [Math.ceil(width * scale) + 20, Math.ceil(height * scale) + 20]
  return (
    <figure className="outline pair-map">
      <svg
        viewBox={`-10 -10 ${boxWidth} ${boxHeight}`}
        width={boxWidth}
        height={boxHeight}
        role="img"
        aria-label={`${countries.map(({ name }) => name).join(' and ')} at the same scale`}
      >
        {countries.map(({ name, outline }, index) => {
          if (!outline) return null
          const factor = outline.kmPerUnit * scale
          const left = (width * scale - outline.width * factor) / 2
          const top = (height * scale - outline.height * factor) / 2
          return (
            <path
              key={name}
              className={index === 0 ? 'first' : 'second'}
              d={outline.path}
              transform={`translate(${left.toFixed(1)} ${top.toFixed(1)}) scale(${factor.toFixed(5)})`}
            />
          )
        })}
      </svg>
      <figcaption>
        <span className="scale" style={{ inlineSize: `${(100 * bar * scale) / boxWidth}%` }} />
        {formatLength(bar)}
      </figcaption>
    </figure>
  )
}
