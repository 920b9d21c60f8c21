/** A point on the globe, in degrees. */
export type LonLat = readonly [longitude: number, latitude: number]

/** A point on paper; y grows downwards, as in SVG. */
export type Point = readonly [x: number, y: number]

/** Kilometres. */
export const earthRadius = 6371.0088

const toRadians = (degrees: number) => (degrees * Math.PI) / 180

/**
 * Lambert's azimuthal equal-area projection: outlines drawn with it can be compared in size, wherever on the globe they
 * are. Points come out in units of the Earth's radius, the centre at the origin.
 *
 * @see https://mathworld.wolfram.com/LambertAzimuthalEqual-AreaProjection.html
 */
export function createLocalProjection(center: LonLat): (place: LonLat) => Point {
  const lambda0 = toRadians(center[0])
  const sin0 = Math.sin(toRadians(center[1]))
  const cos0 = Math.cos(toRadians(center[1]))
  return ([longitude, latitude]) => {
    const lambda = toRadians(longitude) - lambda0
    const sin = Math.sin(toRadians(latitude))
    const cos = Math.cos(toRadians(latitude))
    // The antipode has no image; a tiny floor keeps the numbers finite.
    const scale = Math.sqrt(2 / Math.max(1e-9, 1 + sin0 * sin + cos0 * cos * Math.cos(lambda)))
    return [scale * cos * Math.sin(lambda), -scale * (cos0 * sin - sin0 * cos * Math.cos(lambda))]
  }
}

/**
 * The Equal Earth projection of the whole world, scaled so that the equator runs from 0 to `width`; the equator is at
 * `y = width / 4.1094`.
 *
 * @see https://doi.org/10.1080/13658816.2018.1504949
 */
export function createWorldProjection(width: number): (place: LonLat) => Point {
  const [a1, a2, a3, a4] = [1.340264, -0.081106, 0.000893, 0.003796]
  const raw = (lambda: number, phi: number): Point => {
    const theta = Math.asin((Math.sqrt(3) / 2) * Math.sin(phi))
    const t2 = theta * theta
    const t6 = t2 * t2 * t2
    return [
      (2 * Math.sqrt(3) * lambda * Math.cos(theta)) / (3 * (9 * a4 * t6 * t2 + 7 * a3 * t6 + 3 * a2 * t2 + a1)),
      theta * (a4 * t6 * t2 + a3 * t6 + a2 * t2 + a1),
    ]
  }
  const [right] = raw(Math.PI, 0)
  const [, top] = raw(0, Math.PI / 2)
  const scale = width / (2 * right)
  return ([longitude, latitude]) => {
    const [x, y] = raw(toRadians(longitude), toRadians(latitude))
    return [(x + right) * scale, (top - y) * scale]
  }
}

/** The great-circle distance in kilometres (haversine). */
export function toDistance(from: LonLat, to: LonLat): number {
  const halfLat = toRadians(to[1] - from[1]) / 2
  const halfLon = toRadians(to[0] - from[0]) / 2
  const h = Math.sin(halfLat) ** 2 + Math.cos(toRadians(from[1])) * Math.cos(toRadians(to[1])) * Math.sin(halfLon) ** 2
  return 2 * earthRadius * Math.asin(Math.min(1, Math.sqrt(h)))
}
