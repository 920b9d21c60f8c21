import { createLocalProjection, earthRadius, type LonLat, type Point } from './projection.ts'

/** A closed line; GeoJSON repeats the first point at the end. */
export type Ring<P> = readonly P[]

/** What GeoJSON gives for a country. */
export type Geometry =
  | { type: 'Polygon'; coordinates: ReadonlyArray<Ring<LonLat>> }
  | { type: 'MultiPolygon'; coordinates: ReadonlyArray<ReadonlyArray<Ring<LonLat>>> }

/** A country's outline, ready for SVG, and what is needed to place a city on it. */
export interface Outline {
  /** The `d` of a path, in whole units. */
  path: string
  width: number
  height: number
  /** Units are this many kilometres: the same for both directions. */
  kmPerUnit: number
  /** Centre of the projection, and where it lies on the drawing. */
  center: LonLat
  origin: Point
}

/** The longer side of an outline's drawing. */
const outlineSize = 1000

/** All rings of a geometry, without the grouping into polygons: `fill-rule: evenodd` needs none. */
export function toRings(geometry: Geometry): Array<Ring<LonLat>> {
  return geometry.type === 'Polygon' ? [...geometry.coordinates] : geometry.coordinates.flat()
}

/** The area that a ring encloses, by the shoelace formula. */
export function toArea(ring: Ring<Point>): number {
  let doubled = 0
  let [previousX, previousY] = ring.at(-1) ?? [0, 0]
  for (const [x, y] of ring) {
    doubled += previousX * y - x * previousY
    previousX = x
    previousY = y
  }
  return Math.abs(doubled) / 2
}

/**
 * Leaves out points that are nearer than `tolerance` to the line without them (Douglas–Peucker, without recursion, as
 * coastlines have tens of thousands of points).
 */
export function simplify(ring: Ring<Point>, tolerance: number): Point[] {
  if (ring.length < 4) return [...ring]
  const kept = new Uint8Array(ring.length)
  kept[0] = kept[ring.length - 1] = 1
  const spans: Array<[number, number]> = [[0, ring.length - 1]]
  for (let span = spans.pop(); span; span = spans.pop()) {
    const [first, last] = span
    const from = ring[first]!
    const to = ring[last]!
    let farthest = -1
    let distance = tolerance * tolerance
    for (let index = first + 1; index < last; index++) {
      const candidate = toSquaredDistance(ring[index]!, from, to)
      if (candidate > distance) [farthest, distance] = [index, candidate]
    }
    if (farthest < 0) continue
    kept[farthest] = 1
    spans.push([first, farthest], [farthest, last])
  }
  return ring.filter((_, index) => kept[index])
}

/** From a point to a line between two others, squared. */
function toSquaredDistance([x, y]: Point, [x1, y1]: Point, [x2, y2]: Point): number {
  const dx = x2 - x1
  const dy = y2 - y1
  const length = dx * dx + dy * dy
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / length))
  return (x - x1 - t * dx) ** 2 + (y - y1 - t * dy) ** 2
}

/** SVG path data in whole, relative units: about a third of the size of absolute coordinates. */
export function toPathData(rings: ReadonlyArray<Ring<Point>>): string {
  let data = ''
  for (const ring of rings) {
    let [x, y] = [0, 0]
    let drawn = ''
    ring.forEach((point, index) => {
      const nextX = Math.round(point[0])
      const nextY = Math.round(point[1])
      const [dx, dy] = [nextX - x, nextY - y]
      if (index === 0) drawn = `M${nextX} ${nextY}l`
      // The last point repeats the first, and `z` closes the ring.
      else if ((dx !== 0 || dy !== 0) && index < ring.length - 1)
        drawn += `${drawn.endsWith('l') || dx < 0 ? '' : ' '}${dx}${dy < 0 ? '' : ' '}${dy}`
      ;[x, y] = [nextX, nextY]
    })
    if (!drawn.endsWith('l')) data += `${drawn}z`
  }
  return data
}

/**
 * Draws a country in true proportions, its longer side 1000 units. Islands that would be smaller than a speck are left
 * out, unless nothing else is left.
 */
export function toOutline(geometry: Geometry): Outline {
  const rings = toRings(geometry)
  const center = toCenter(rings)
  const project = createLocalProjection(center)
  const projected = rings.map((ring) => ring.map(project))

  const near = leaveOutRemote(projected)
  const [left, top, right, bottom] = toBounds(near)
  const scale = outlineSize / Math.max(right - left, bottom - top)
  const scaled = near.map((ring) => ring.map(([x, y]): Point => [(x - left) * scale, (y - top) * scale]))
  const largest = Math.max(...scaled.map(toArea))
  const visible = scaled.filter((ring) => toArea(ring) >= Math.min(6, largest))

  return {
    path: toPathData(visible.map((ring) => simplify(ring, 1.2))),
    width: Math.max(1, Math.ceil((right - left) * scale)),
    height: Math.max(1, Math.ceil((bottom - top) * scale)),
    kmPerUnit: earthRadius / scale,
    center,
    origin: [-left * scale, -top * scale],
  }
}

/** Where a place lies on an outline's drawing; undefined when that is not drawn so far. */
export function toOutlinePoint(outline: Omit<Outline, 'path'>, place: LonLat): Point | undefined {
  const { kmPerUnit, center, origin, width, height } = outline
  const [x, y] = createLocalProjection(center)(place)
  const scale = earthRadius / kmPerUnit
  const [left, top] = [Math.round(origin[0] + x * scale), Math.round(origin[1] + y * scale)]
  // A harbour may lie a little off a simplified coast.
  const isOutside = left < -20 || top < -20 || left > width + 20 || top > height + 20
  return isOutside ? undefined : [left, top]
}

/** The middle of the largest ring, as a direction in space, so that neither the date line nor a pole disturbs it. */
function toCenter(rings: ReadonlyArray<Ring<LonLat>>): LonLat {
  // On the sphere a ring's size is judged in an equal-area view around its own first point.
  let [largest, largestArea] = [rings[0] ?? [], -1]
  for (const ring of rings) {
    const area = toArea(ring.map(createLocalProjection(ring[0] ?? [0, 0])))
    if (area > largestArea) [largest, largestArea] = [ring, area]
  }
  let [x, y, z] = [0, 0, 0]
  for (const [longitude, latitude] of largest) {
    const [lambda, phi] = [(longitude * Math.PI) / 180, (latitude * Math.PI) / 180]
    x += Math.cos(phi) * Math.cos(lambda)
    y += Math.cos(phi) * Math.sin(lambda)
    z += Math.sin(phi)
  }
  const toDegrees = (radians: number) => Math.round((radians * 180 * 1e4) / Math.PI) / 1e4
  return [toDegrees(Math.atan2(y, x)), toDegrees(Math.atan2(z, Math.hypot(x, y)))]
}

/** Without small islands so far off that the rest would shrink, such as Chile's Easter Island. */
function leaveOutRemote(rings: ReadonlyArray<Ring<Point>>): Array<Ring<Point>> {
  const areas = rings.map(toArea)
  const least = Math.max(...areas) * 0.005
  const [left, top, right, bottom] = toBounds(rings.filter((_, index) => areas[index]! >= least))
  const reach = 0.1 * Math.max(right - left, bottom - top)
  return rings.filter((ring) => {
    const [ringLeft, ringTop, ringRight, ringBottom] = toBounds([ring])
    return ringLeft > left - reach && ringTop > top - reach && ringRight < right + reach && ringBottom < bottom + reach
  })
}

function toBounds(rings: ReadonlyArray<Ring<Point>>): [left: number, top: number, right: number, bottom: number] {
  const bounds: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const ring of rings)
    for (const [x, y] of ring) {
      bounds[0] = Math.min(bounds[0], x)
      bounds[1] = Math.min(bounds[1], y)
      bounds[2] = Math.max(bounds[2], x)
      bounds[3] = Math.max(bounds[3], y)
    }
  return bounds
}
