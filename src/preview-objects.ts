// What becomes of the objects of a pull request in its preview, from one end to the other. Part of the corridor beside engine.ts.
import type { ManifestSet } from './manifests/check.ts'
import { staged } from './preview/hooks.ts'
import { isolated } from './preview/isolate.ts'
import { seeded } from './preview/seeds.ts'
import { withImagesOf } from './preview-images.ts'
import { overQuota, type Previewed, rulesOf } from './preview-settings.ts'
import type { PreviewOrder } from './previewing.ts'
import type { Wanted } from './reconcile/wanted.ts'
import type { EngineSettings } from './settings.ts'
import type { Transformed } from './source/application.ts'

export interface PreviewObjects extends Transformed {
  /** With all hooks, also those whose time has not come. */
  readonly whole: ManifestSet
}

export function previewObjects(
  objects: ManifestSet,
  of: Previewed,
  order: PreviewOrder,
  parts: { readonly settings: EngineSettings; readonly wanted: Wanted },
): PreviewObjects {
  const { wanted } = parts
  const rules = rulesOf(of, order, parts)
  const imaged = withImagesOf(of, order.images, objects)
  const inside = isolated(imaged.objects, rules)
  const seeds = seeded(imaged.objects, inside.objects, {
    ...{ namespace: rules.namespace, productionNamespace: of.namespace, untrusted: order.untrusted },
    production: (key) => (wanted.appOf(key) === of.name ? wanted.object(key) : undefined),
  })
  const { asleep, ending = false } = order
  return {
    objects: staged(seeds.objects, { asleep, ending, fillers: seeds.fillers }),
    whole: seeds.objects,
    problems: [...imaged.problems, ...inside.problems, ...seeds.problems, ...overQuota(inside.objects)],
    ignored: [...inside.ignored, ...seeds.ignored],
  }
}
