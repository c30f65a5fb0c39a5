import type { ContainerCreateOptions } from 'dockerode'
import { RuntimeError } from '../errors.ts'

const longestLabel = 64 * 1024
const longestEnvironment = 1024 * 1024
const longestName = 200
const longestHostname = 64

/** Refuses what an engine would choke on, before it is asked. */
export function checkLimits(options: ContainerCreateOptions): void {
  const name = options.name ?? ''
  const refuse = (message: string) => new RuntimeError('REFUSED', name, `container ${name.slice(0, 80)}: ${message}`)
  if (name.length > longestName) throw refuse(`name of ${name.length} characters, expected at most ${longestName}`)
  const { Hostname: hostname = '' } = options
  if (hostname.length > longestHostname) {
    throw refuse(`host name ${hostname} of ${hostname.length} characters, expected at most ${longestHostname}`)
  }
  for (const [label, value] of Object.entries(options.Labels ?? {})) {
    const size = Buffer.byteLength(value)
    if (size > longestLabel) throw refuse(`label ${label} of ${size} bytes, expected at most ${longestLabel}`)
  }
  const environment = options.Env ?? []
  const size = environment.reduce((sum, line) => sum + Buffer.byteLength(line), 0)
  if (size > longestEnvironment) throw refuse(`environment of ${size} bytes, expected at most ${longestEnvironment}`)
  const words = [...environment, ...[options.Entrypoint ?? []].flat(), ...(options.Cmd ?? []), options.WorkingDir ?? '']
  if (words.some((word) => word.includes('\0'))) throw refuse('a NUL character in command, arguments or environment')
}
