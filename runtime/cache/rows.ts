/** Rows of one size that begin with the hash of a key. */
export interface Rows {
  /** @param rest as many bytes as a row has behind its hash */
  add(hash: Buffer, rest: Buffer): void
  /**
   * All rows in the order of their hashes.
   *
   * @throws when two rows have the same hash
   */
  toSorted(): Buffer
}

/** So much of a key's SHA-256 is kept. */
export const HASH_BYTES = 16

/** Guesses at a row's place before it is found by halving. */
const GUESSES = 12

const FIRST_ROWS = 1024
const MAX_ROWS = 2 ** 24
const ROW_MASK = BigInt(MAX_ROWS - 1)

/** Rows in one growing buffer: an object for each of a million pages would be the largest thing in the build. */
export function createRows(rowBytes: number): Rows {
  let rows = Buffer.allocUnsafeSlow(FIRST_ROWS * rowBytes)
  let count = 0

  return {
    add(hash, rest) {
      if (rows.length === count * rowBytes) {
        const larger = Buffer.allocUnsafeSlow(2 * rows.length)
        rows.copy(larger)
        rows = larger
      }
      const row = count * rowBytes
      hash.copy(rows, row)
      rest.copy(rows, row + HASH_BYTES)
      count += 1
    },

    toSorted() {
      const order = toRoughOrder(rows, count, rowBytes)
      const sorted = Buffer.allocUnsafeSlow(count * rowBytes)
      for (const [position, index] of order.entries()) {
        let target = position * rowBytes
        // Few rows share the bytes that they were ordered by: those take a step back.
        while (target > 0 && compareHashes(rows, index * rowBytes, sorted, target - rowBytes) < 0) {
          sorted.copy(sorted, target, target - rowBytes, target)
          target -= rowBytes
        }
        rows.copy(sorted, target, index * rowBytes, (index + 1) * rowBytes)
        if (target > 0 && compareHashes(sorted, target, sorted, target - rowBytes) === 0) {
          throw new Error('Two prerendered entries have the same key')
        }
      }
      return sorted
    },
  }
}

/**
 * Finds a row among sorted ones. Hashes are spread evenly, so a look begins where the row has to be by its first four bytes, and
 * narrows down from there: four rows are looked at among a thousand, five among a million. Where they are not spread so, it
 * halves what is left.
 *
 * @param table where the rows begin in the buffer, how many there are, and the size of each
 * @returns where the row begins in the buffer; undefined when there is none
 */
export function findRow(
  buffer: Buffer,
  { start, count, rowBytes }: { readonly start: number; readonly count: number; readonly rowBytes: number },
  hash: Buffer,
): number | undefined {
  const wanted = hash.readUInt32BE(0)
  let low = 0
  let high = count
  let [least, most] = [0, 2 ** 32]
  for (let steps = 0; low < high; steps++) {
    const share = steps < GUESSES ? (wanted - least + 0.5) / (most - least) : 0.5
    const middle = Math.min(high - 1, low + Math.floor((high - low) * share))
    const row = start + middle * rowBytes
    const found = buffer.readUInt32BE(row)
    const order = wanted === found ? hash.compare(buffer, row, row + HASH_BYTES) : wanted - found
    if (order === 0) return row
    if (order < 0) {
      high = middle
      most = found + 1
    } else {
      low = middle + 1
      least = found
    }
  }
  return undefined
}

/** Row numbers by the first 40 bits of their hashes: numbers in a typed array are sorted natively. */
function toRoughOrder(rows: Buffer, count: number, rowBytes: number): Uint32Array {
  if (count > MAX_ROWS) throw new RangeError(`A build has at most ${MAX_ROWS} prerendered pages, not ${count}`)
  const keys = new BigUint64Array(count)
  for (let index = 0; index < count; index++) {
    keys[index] = (rows.readBigUInt64BE(index * rowBytes) & ~ROW_MASK) | BigInt(index)
  }
  return Uint32Array.from(keys.sort(), (key) => Number(key & ROW_MASK))
}

function compareHashes(first: Buffer, firstRow: number, second: Buffer, secondRow: number): number {
  return first.compare(second, secondRow, secondRow + HASH_BYTES, firstRow, firstRow + HASH_BYTES)
}
