// Starting plain pods. Argument: pairs of runs.
import { measure } from './support/deploying.ts'

export async function run(args: readonly string[]): Promise<void> {
  await measure({ name: 'deploy', target: '<= 1.10x' }, args)
}
