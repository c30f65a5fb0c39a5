// What keeps previews that go to themselves until their last pod is gone. Part of the corridor beside engine.ts.
import type { NetworkPolicy } from './manifests/types.ts'
import { forcedObjects } from './preview/forced.ts'
import { previewName, previewOf } from './preview/names.ts'
import { type Previewed, rulesOf } from './preview-settings.ts'
import type { PreviewOrder } from './previewing.ts'

/** Nothing is wanted of such a preview any more, its policies included; its pods may take a minute to end. */
export class Confining {
  /** By the preview's name; the same objects as long as it goes. */
  readonly #policies = new Map<string, NetworkPolicy>()

  /** `of` and `order` undefined: nobody knows what it was, so it reaches itself alone. */
  begin(
    name: string,
    of: Previewed | undefined,
    order: PreviewOrder | undefined,
    parts: Parameters<typeof rulesOf>[2],
  ): void {
    const { app = '', id = '' } = previewOf(name) ?? {}
    const rules =
      of && order
        ? rulesOf(of, order, parts)
        : { untrusted: true, namespace: previewName(app, id), clusterRanges: [], quota: {} }
    const policy = forcedObjects(rules).find((object) => object.kind === 'NetworkPolicy')
    if (policy && !this.#policies.has(name)) this.#policies.set(name, policy)
  }

  end(name: string): void {
    this.#policies.delete(name)
  }

  get policies(): readonly NetworkPolicy[] {
    return [...this.#policies.values()]
  }
}
