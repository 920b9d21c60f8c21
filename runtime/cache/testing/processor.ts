/**
 * Processor time that this process has used, in milliseconds: what a test compares when it means work, since on a busy
 * machine the wall clock runs on while the process waits for its turn.
 */
export function processorMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
