// Starting pods that have a volume with the files of a ConfigMap each. Argument: pairs of runs.
import { measure } from './support/deploying.ts'

export async function run(args: readonly string[]): Promise<void> {
  await measure({ name: 'volumes', target: '<= 1.25x', config: 'listen 8080\n'.repeat(50) }, args)
}
