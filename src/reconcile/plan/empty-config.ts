import type { ContainerConfig } from '../../runtime/live.ts'

/** Everything left to the image; what a sandbox runs is the runtime's own business. */
export const emptyConfig: ContainerConfig = {
  name: '',
  image: '',
  command: undefined,
  args: undefined,
  workingDir: undefined,
  env: [],
  user: undefined,
  groups: [],
  tty: false,
  stdin: false,
  stdinOnce: false,
  privileged: false,
  readOnlyRootFilesystem: false,
  noNewPrivileges: false,
  addCapabilities: [],
  dropCapabilities: [],
  seccomp: 'default',
  resources: { cpuRequestMillis: 0, cpuLimitMillis: 0, memoryLimitBytes: 0 },
  oomScoreAdjust: 0,
  mounts: [],
}
