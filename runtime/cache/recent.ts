import { LRUCache } from 'lru-cache'

/** Values by key, of which those that were not used for longest are dropped. */
export interface Recent<V> {
  get(key: string): V | undefined
  set(key: string, value: V): void
  delete(key: string): void
  /** The sizes of all values together. */
  size(): number
}

interface Slot<V> {
  readonly value: V
  /** The number of the use after which it was put first. */
  usedAt: number
}

/** As parts of what is kept. */
const PRECISION = 8

/**
 * Putting a value first at each of its uses costs as much as finding it. It is left where it is until as many other uses have
 * come as an eighth of the values that are kept: what is dropped then was not used for the last seven eighths as many.
 *
 * @param limits.max values to keep. Default: as many as `maxSize` allows
 * @param limits.maxSize of all values together; one that is larger is not kept, and neither is the one that it replaces
 */
export function createRecent<V extends object>(limits: {
  readonly max?: number
  readonly maxSize: number
  readonly toSize: (value: V, key: string) => number
}): Recent<V> {
  const { max, maxSize, toSize } = limits
  const slots = new LRUCache<string, Slot<V>>({
    ...(max !== undefined && { max }),
    maxSize,
    sizeCalculation: ({ value }, key) => toSize(value, key),
  })
  let uses = 0

  return {
    get(key) {
      const slot = slots.peek(key)
      if (slot === undefined) return undefined
      uses += 1
      if ((uses - slot.usedAt) * PRECISION > slots.size) {
        slots.get(key)
        slot.usedAt = uses
      }
      return slot.value
    },
    set: (key, value) => void slots.set(key, { value, usedAt: uses }),
    delete: (key) => void slots.delete(key),
    size: () => slots.calculatedSize,
  }
}
