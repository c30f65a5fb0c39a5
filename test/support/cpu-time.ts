/** Processor time that this thread has spent so far, ms: a busy machine takes the processor away, which no clock on the wall forgives. */
export function cpuTimeMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
