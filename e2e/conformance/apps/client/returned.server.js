/** Makes what a test wrote down as source: a result can then be anything at all. */
export function toReturned(source, value) {
  // oxlint-disable-next-line typescript/no-implied-eval -- the test is the only one who writes it.
  return new Function('value', `return ${source}`)(value)
}
