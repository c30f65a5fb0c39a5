import { RuntimeError } from '../../src/runtime/errors.ts'
import type { FakeDocker } from './fake-docker.ts'
import type { FakeOptions, FakeRuntime } from './fake-runtime.ts'

const pullMs = 1_500

/** Begins a pull that ends after a while: of a tag, or of `name:tag@digest`, which is what the name had or has. */
export function pullImage(
  engine: FakeDocker,
  image: string,
  options: Pick<FakeOptions, 'clock' | 'dice' | 'registry'>,
  failures: number,
  ended: () => void,
): void {
  const { clock, dice, registry } = options
  const attempts = engine.pulls.get(image)?.attempts ?? 0
  engine.pulls.set(image, { state: 'pulling', attempts, at: clock.now(), message: '' })
  clock.after(pullMs, () => {
    const [, digest] = image.split('@')
    const id = dice.chance(failures) ? undefined : (digest ?? registry.get(image))
    const at = clock.now()
    if (id) engine.images.set(image, id)
    const failed = { state: 'failed', attempts: attempts + 1, at, message: 'manifest unknown' } as const
    engine.pulls.set(image, id ? { state: 'done', attempts: 0, at, message: '' } : failed)
    ended()
  })
}

/** A pull that failed has waited long enough, on each host. */
export function endWait(runtime: Pick<FakeRuntime, 'engines' | 'tellAll'>, image: string): void {
  for (const { pulls } of runtime.engines.values()) {
    const last = pulls.get(image)
    if (last?.state === 'failed') pulls.set(image, { ...last, at: Number.NEGATIVE_INFINITY })
  }
  runtime.tellAll()
}

/** What the registry answers that a host asks. `fault`: why it cannot be asked. */
export function digestOf(
  image: string,
  { registry }: Pick<FakeOptions, 'registry'>,
  fault: string,
): string | undefined {
  if (fault !== '') throw new RuntimeError('ENGINE_ERROR', image, fault)
  return registry.get(image)
}
